"""What others can reach needs TLS and asks who is there, unless somebody says otherwise by name."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from exporters.doors.kept import KeptWebConfig
from exporters.doors.protection import Protection
from exporters.http import create_web_app, resolve, start_server
from streams.schema import ConfigurationError
from tests.exporters.doors.made_up import (
    CLIENTS,
    TLS,
    Folder,
    get,
    hashed,
    landing,
    metrics,
    ready,
    serving,
)

USERS = f"basic_auth_users: {{ada: {hashed('x')}}}\n"
EVERYWHERE = ["0.0.0.0"]  # noqa: S104 - an example
IF_GIVEN = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
AUTHENTICATION = "asking who is there (users, or client certificates that are verified)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("door"))


def lacking(protection: Protection, hosts: list[str]) -> str:
    """What is said to be lacking, nothing when all is there."""
    try:
        protection.read(hosts)
    except ConfigurationError as error:
        (problem,) = error.problems
        return problem.message.split(" without ")[1].split(": name ")[0]
    return ""


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1"])
def test_loopback_asks_for_nothing(host: str) -> None:
    assert lacking(Protection(), [host]) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "192.0.2.7", "2001:db8::1"])  # noqa: S104 - an example
def test_what_others_can_reach_is_refused_without_a_file(host: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Protection("worker").read(["127.0.0.1", host])
    assert str(caught.value) == (
        f"worker.bind: {host} can be reached from other machines, without TLS and "
        f"{AUTHENTICATION}: name a file with it in worker.web_config (docs/doors.md), or set "
        "worker.insecure_bind where something else protects it"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", f"TLS and {AUTHENTICATION}"),
        (USERS, "TLS"),
        (TLS, AUTHENTICATION),
        (IF_GIVEN, AUTHENTICATION),
        (TLS + USERS, ""),
        (IF_GIVEN + USERS, ""),
        (CLIENTS, ""),
    ],
)
def test_a_file_suffices_with_tls_and_with_users_or_required_certificates(
    folder: Folder, text: str, expected: str
) -> None:
    protection = folder.web_config(text)
    assert lacking(protection, EVERYWHERE) == expected
    assert lacking(protection._replace(insecure_bind=True), EVERYWHERE) == ""
    for_everybody = protection._replace(for_everybody=True)
    assert lacking(for_everybody, EVERYWHERE) == ("TLS" if expected.startswith("TLS") else "")


def test_a_refused_address_is_not_listened_on() -> None:
    async def run() -> None:
        app = create_web_app(metrics, ready, landing)
        with pytest.raises(ConfigurationError, match="can be reached from other machines"):
            await start_server(app, "0.0.0.0", 0)  # noqa: S104 - it is refused
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())


def test_a_name_counts_as_every_address_it_stands_for() -> None:
    hosts = [address[0] for _, address in resolve("localhost", 0)]
    assert lacking(Protection(), hosts) == ""
    assert lacking(Protection(), [*hosts, "192.0.2.7"]) != ""


def test_an_address_forced_by_name_is_served() -> None:
    async def run() -> str:
        app = create_web_app(metrics, ready, landing)
        forced = Protection(insecure_bind=True)
        server = await start_server(app, "0.0.0.0", 0, protection=forced)  # noqa: S104 - forced
        await server.stop()
        return server.host

    assert asyncio.run(run()) == EVERYWHERE[0]


def test_a_public_door_does_not_lose_its_protection_while_it_runs(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> tuple[str, str]:
        kept = KeptWebConfig(folder.web_config(TLS + USERS), EVERYWHERE)
        folder.web_config(TLS)
        without_users = str(kept.now())
        folder.web_config(TLS + USERS + "rate_limit: {interval: 1s, burst: 1}")
        assert kept.now().bucket is not None
        return without_users, str(kept.now())

    assert asyncio.run(run()) == ("TLS, 1 with a password",) * 2
    assert "can be reached from other machines" in caplog.text


def test_a_wrong_file_is_told_before_anything_is_served(tmp_path: Path) -> None:
    absent = Protection("exporter", str(tmp_path / "absent.yml"))
    with pytest.raises(ConfigurationError, match="cannot be read"), serving(absent) as server:
        get(server)
