from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientSession

from exporters.http import CannotListen, PortTaken, Server, create_web_app, start_server

Scenario = Callable[[ClientSession, str], Awaitable[None]]


async def metrics(accept: str) -> tuple[bytes, str]:
    if accept == "secret":
        raise ValueError("a secret in a traceback")
    return f"accepted {accept}".encode(), "text/plain; version=0.0.4; charset=utf-8"


async def landing() -> str:
    return "<!DOCTYPE html><title>t</title>"


async def serve(reasons: list[str] | None = None, port: int = 0) -> Server:
    async def ready() -> list[str]:
        return reasons or []

    return await start_server(
        create_web_app(metrics, ready, landing), "127.0.0.1", port, setting="TIDEGAUGE_BIND"
    )


def visit(scenario: Scenario, reasons: list[str] | None = None) -> None:
    async def run() -> None:
        server = await serve(reasons)
        try:
            async with ClientSession() as client:
                await scenario(client, server.url)
        finally:
            await server.stop()

    asyncio.run(run())


def test_a_living_process_is_healthy_and_ready() -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        for path in ("healthz", "readyz"):
            async with client.get(url + path) as response:
                assert (response.status, await response.text()) == (200, "ok\n")

    visit(scenario)


def test_readiness_names_every_reason_on_a_line() -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.get(url + "readyz") as response:
            assert (response.status, await response.text()) == (503, "Redis\nKafka\n")
        async with client.get(url + "healthz") as response:
            assert response.status == 200

    visit(scenario, ["Redis", "Kafka"])


def test_metrics_are_negotiated_by_the_accept_header() -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.get(url + "metrics", headers={"Accept": "x/y"}) as response:
            assert await response.text() == "accepted x/y"
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        async with client.head(url + "metrics") as response:
            assert (response.status, await response.read()) == (200, b"")

    visit(scenario)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(method: str) -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.request(method, url + "metrics") as response:
            assert response.status == 405

    visit(scenario)


def test_a_client_never_sees_a_traceback() -> None:
    async def scenario(client: ClientSession, url: str) -> None:
        async with client.get(url + "metrics", headers={"Accept": "secret"}) as response:
            assert response.status == 500
            body = await response.text()
            assert "secret" not in body
            assert "Traceback" not in body

    visit(scenario)


def test_a_taken_port_is_told_in_one_sentence() -> None:
    async def run() -> None:
        server = await serve()
        with pytest.raises(PortTaken) as refusal:
            await serve(port=server.port)
        assert str(refusal.value) == (
            f"port {server.port} on 127.0.0.1 is taken by another program; "
            "stop it or choose another one with TIDEGAUGE_BIND"
        )
        await server.stop()

    asyncio.run(run())


@pytest.mark.parametrize("port", [-1, 70_000])
def test_an_impossible_port_is_told_in_one_sentence(port: int) -> None:
    with pytest.raises(CannotListen, match="choose another one with TIDEGAUGE_BIND"):
        asyncio.run(serve(port=port))
