"""The doors of the services: as they are set, told, refused and served, for all of them alike."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from tests.exporters.doors.made_up import TLS, Folder, ask, hashed
from tidegauge.doors import door_problems, doors, told
from tidegauge.loopback_server import free_port
from tidegauge.settings import Settings

LONGEST_WAIT_SECONDS = 60
EVERYWHERE = "0.0.0.0"  # noqa: S104 - an example
USERS = f"basic_auth_users: {{ada: {hashed('right')}}}\n"
PUBLIC = {"TIDEGAUGE_PUBLIC_METRICS": "active_users"}
SERVICES = [("worker", "WORKER", {}), ("exporter", "EXPORTER", {}), ("exporter", "PUBLIC", PUBLIC)]


def environment(**variables: str) -> dict[str, str]:
    ours = {f"TIDEGAUGE_{name}_BIND": f"127.0.0.1:{free_port()}" for name in ("WORKER", "EXPORTER")}
    nobody = {
        "TIDEGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "TIDEGAUGE_REDIS_URL": "redis://127.0.0.1:1",
    }
    return {"PATH": os.environ["PATH"], **ours, **nobody, **variables}


def run(command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tidegauge", command],
        env=environment(**variables),
        check=False,
        capture_output=True,
        text=True,
        timeout=LONGEST_WAIT_SECONDS,
    )


@contextmanager
def running(command: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegauge", command],
        env=environment(**variables),
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LONGEST_WAIT_SECONDS)


def connect(
    port: int, context: ssl.SSLContext, process: subprocess.Popen[bytes]
) -> HTTPSConnection:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(ConnectionRefusedError):
            connection = HTTPSConnection("127.0.0.1", port, context=context, timeout=10)
            connection.connect()
            return connection
        time.sleep(0.05)
    pytest.fail("nobody listens")


@pytest.mark.parametrize(("command", "name", "more"), SERVICES)
def test_a_service_is_served_with_the_file_it_is_given(
    tmp_path: Path, command: str, name: str, more: dict[str, str]
) -> None:
    folder, port = Folder(tmp_path), free_port()
    protected = {
        f"TIDEGAUGE_{name}_BIND": f"127.0.0.1:{port}",
        f"TIDEGAUGE_{name}_WEB_CONFIG": folder.web_config(TLS + USERS).web_config,
    }
    with running(command, **protected, **more) as process:
        connection = connect(port, folder.trusting(), process)
        path = "/page.css" if name == "PUBLIC" else "/metrics"
        assert ask(connection, path).status == 401
        assert ask(connection, path, user="ada:right").status == 200
        assert ask(connection, "/healthz").body == b"ok\n"
        connection.close()


@pytest.mark.parametrize(("command", "name", "more"), SERVICES)
def test_a_service_that_others_could_reach_does_not_start(
    command: str, name: str, more: dict[str, str]
) -> None:
    ended = run(command, **{f"TIDEGAUGE_{name}_BIND": f"{EVERYWHERE}:0"}, **more)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    first, second = ended.stderr.splitlines()[-2:]
    assert first == "the configuration cannot be used:"
    section = name.lower()
    assert second.startswith(f"  {section}.bind: {EVERYWHERE} can be reached from other machines, ")
    assert f"or set {section}.insecure_bind where something else protects it" in second


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b"])
def test_a_check_tells_what_is_wrong_with_every_door(tmp_path: Path, host: str) -> None:
    ended = run(
        "check",
        TIDEGAUGE_EXPORTER_BIND=f"{EVERYWHERE}:9480",
        TIDEGAUGE_WORKER_WEB_CONFIG=str(tmp_path / "absent.yml"),
        TIDEGAUGE_PUBLIC_BIND=f"{host}:1",
        **PUBLIC,
    )
    assert ended.returncode == 2
    _, *lines = ended.stderr.splitlines()
    assert [line.split(": ")[0].strip() for line in lines] == [
        "exporter.bind",
        str(tmp_path / "absent.yml"),
        "public.bind",
    ]


def test_a_check_shows_what_every_door_asks(tmp_path: Path) -> None:
    web_config = Folder(tmp_path).web_config(TLS + USERS).web_config
    settings = replace(
        Settings(),
        exporter_bind="[::]:9480",
        exporter_web_config=web_config,
        worker_bind=f"{EVERYWHERE}:9481",
        worker_insecure_bind=True,
        public_bind="127.0.0.1:9482",
    )
    assert list(door_problems(settings)) == []
    assert [told(door) for door in doors(settings)] == [
        "exporter.bind [::]:9480: can be reached, TLS, 1 with a password",
        f"worker.bind {EVERYWHERE}:9481: can be reached, no TLS (worker.insecure_bind)",
        "public.bind 127.0.0.1:9482: this machine only, no TLS",
    ]
