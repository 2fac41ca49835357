"""The servers that tests run against; each is started once per session, when a test asks for it.

What a machine lacks is skipped with a reason, and fails when its name (kafka, redis, prometheus,
alertmanager, chromium, go) stands in the comma separated environment variable REQUIRE.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tests.alerting_servers import AlertmanagerServer
from tests.chromium import Chromium
from tests.go_programs import DASHBOARD_LINTER, PINT, GoProgramMissing, go_program
from tests.kafka_server import KafkaMissing, RealKafka, java_binary, kafka_libraries
from tests.locked_kafka import LockedKafka
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis

# Tests that a shell began in the background ignore SIGINT, and so would all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests have recorded as `printed`; workers of pytest-xdist cannot print."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "printed":
                terminalreporter.write_line(text)


class RealRedis(EmbeddedRedis):
    """The redis-server of the system, run just like the embedded one."""

    def binary(self) -> str:
        return program("redis", "redis-server")


@pytest.fixture(scope="session")
def embedded_broker() -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker() as server:
        yield server


@pytest.fixture(scope="session")
def embedded_redis() -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis() as server:
        yield server


@pytest.fixture(scope="session")
def real_kafka() -> Iterator[RealKafka]:
    try:
        server = RealKafka()
    except KafkaMissing as error:
        _missing("kafka", str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def locked_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LockedKafka]:
    try:
        server = LockedKafka(tmp_path_factory.mktemp("doors-of-kafka"))
    except KafkaMissing as error:
        _missing("kafka", str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def kafka_is_here() -> None:
    """For tests that start brokers of their own."""
    try:
        java_binary()
        kafka_libraries()
    except KafkaMissing as error:
        _missing("kafka", str(error))


@pytest.fixture(scope="session")
def real_redis() -> Iterator[RealRedis]:
    with RealRedis() as server:
        yield server


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of promtool."""
    return program("prometheus", "promtool")


@pytest.fixture(scope="session")
def dashboard_linter() -> str:
    """Path of grafana/dashboard-linter."""
    return _go_program(DASHBOARD_LINTER)


@pytest.fixture(scope="session")
def pint() -> str:
    """Path of cloudflare/pint."""
    return _go_program(PINT)


@pytest.fixture(scope="session")
def amtool() -> str:
    """Path of amtool."""
    return program("alertmanager", "amtool")


@pytest.fixture
def alertmanager() -> Iterator[AlertmanagerServer]:
    """As it is shipped, but that all is sent to its `webhook`."""
    program("alertmanager", AlertmanagerServer.program)
    with AlertmanagerServer() as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium(program("chromium", "chromium")) as chromium:
        yield chromium


@pytest.fixture(
    scope="session", params=["embedded", pytest.param("kafka", marks=pytest.mark.kafka)]
)
def broker(request: pytest.FixtureRequest) -> str:
    """Bootstrap address of the embedded broker, then of a real Kafka."""
    name = {"embedded": "embedded_broker", "kafka": "real_kafka"}[request.param]
    server: EmbeddedBroker | RealKafka = request.getfixturevalue(name)
    return server.bootstrap


def program(part: str, name: str) -> str:
    """Path of a program that is installed, or may be missing, with a part of this machine."""
    path = shutil.which(name)
    return path if path is not None else _missing(part, f"{name} is not installed")


def _go_program(package: str) -> str:
    try:
        return go_program(package)
    except GoProgramMissing as error:
        _missing("go", str(error))


def _missing(part: str, reason: str) -> NoReturn:
    if part in os.environ.get("REQUIRE", "").split(","):
        pytest.fail(f"REQUIRE names {part}: {reason}")
    pytest.skip(reason)
