"""Whatever a door refuses is counted once, under its reason, and what it answers is not."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.doors.porter import Limits
from exporters.doors.protection import Door
from exporters.doors.refusals import OF_STATUS, REASONS
from exporters.http import Server
from exporters.service import Exporter
from tests.exporters.doors.made_up import (
    CLIENTS,
    TLS,
    Folder,
    ask,
    connected,
    exchange,
    get,
    hashed,
    serving,
)
from tests.exporters.published_events import new_folding
from tidegauge.loopback_server import free_port

USERS = f"basic_auth_users: {{ada: {hashed('x')}}}\n"
RATE = "rate_limit: {interval: 1h, burst: 1}\n"
NAMED = CLIENTS + '  client_allowed_sans: ["prometheus.internal"]\n'
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"


def refused(server: Server) -> dict[str, int]:
    """The reasons there were."""
    return {reason: count for reason, count in server.refusals.counts.items() if count}


def with_method(server: Server, _: Folder) -> None:
    with connected(server) as connection:
        assert ask(connection, method="POST").status == 405


def with_body(server: Server, _: Folder) -> None:
    exchange(server, REQUEST + b"Content-Length: 5\r\n\r\nhello")


def with_garbage(server: Server, _: Folder) -> None:
    exchange(server, b"\x00\xff\xfe\r\n\r\n")


def too_long(server: Server, _: Folder) -> None:
    exchange(server, REQUEST + b"X: " + b"x" * 9_000 + b"\r\n\r\n")


def without_password(server: Server, _: Folder) -> None:
    assert get(server).status == 401


def too_often(server: Server, _: Folder) -> None:
    assert [get(server).status for _ in range(2)] == [200, 429]


def without_certificate(server: Server, folder: Folder) -> None:
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        get(server, tls=folder.trusting())


def with_another_certificate(server: Server, folder: Folder) -> None:
    shown = folder.clients.issue_cert("grafana.internal")
    assert get(server, tls=folder.trusting(shown)).status == 403


def without_tls(server: Server, _: Folder) -> None:
    exchange(server, REQUEST + b"\r\n")


@pytest.mark.parametrize(
    ("text", "come", "reason"),
    [
        ("", with_method, "method"),
        ("", with_body, "body"),
        ("", with_garbage, "malformed"),
        ("", too_long, "malformed"),
        (USERS, without_password, "password"),
        (RATE, too_often, "rate"),
        (CLIENTS, without_certificate, "tls"),
        (TLS, without_tls, "tls"),
        (NAMED, with_another_certificate, "certificate"),
    ],
)
def test_what_is_refused_is_counted_under_its_reason(
    tmp_path: Path, text: str, come: Callable[[Server, Folder], None], reason: str
) -> None:
    folder = Folder(tmp_path)
    with serving(folder.web_config(text)) as server:
        come(server, folder)
    assert refused(server) == {reason: 1}


def test_who_finds_no_seat_is_counted_and_so_is_who_gives_way() -> None:
    with serving(limits=Limits(connections=2)) as server, ExitStack() as stack:
        asking = [stack.enter_context(connected(server)) for _ in range(2)]
        assert [ask(one).status for one in asking[:1]] == [200]
        assert get(server).status == 200  # the second had not asked
        assert refused(server) == {"connections": 1}
    with serving(limits=Limits(connections=1)) as server, connected(server) as one:
        assert ask(one).status == 200
        assert exchange(server, REQUEST + b"\r\n") == b""
        assert refused(server) == {"connections": 1}


def test_what_is_answered_is_not_counted(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with serving(folder.web_config(USERS)) as server:
        for path in ("/metrics", "/", "/healthz", "/nothing"):
            assert get(server, path, user="ada:x").status in (200, 404)
    assert refused(server) == {}


def test_reasons_are_a_closed_set() -> None:
    assert len(set(REASONS)) == len(REASONS)
    assert set(OF_STATUS.values()) < set(REASONS)


async def scraped(door: Door) -> dict[str, float]:
    """What an exporter says of its door, after one request that it refuses."""
    exporter = Exporter(redis_url="redis://127.0.0.1:1", folding=new_folding(), door=door)
    await exporter.start()
    try:
        reader, writer = await asyncio.open_connection(door.host, door.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 405 " in await reader.read()
        writer.close()
        await writer.wait_closed()
        text = (await exporter.scrape(""))[0].decode()
    finally:
        await exporter.stop()
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "tidegauge_exporter_refused_requests_total"
    }


def test_an_exporter_shows_every_reason_from_the_beginning() -> None:
    found = asyncio.run(scraped(Door("127.0.0.1", free_port())))
    assert found == dict.fromkeys(REASONS, 0) | {"method": 1}
