"""`tidegauge replay` as an operator runs it: what it says, and what it refuses."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import Redis

from agents.settings import Refusal
from tests.integration.pipeline import Pipeline, Service
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.loopback_server import free_port
from tidegauge.replay import beginning

NOW = 1_767_225_600_000
ZONE = ZoneInfo("Asia/Kathmandu")


@pytest.fixture
def line(
    embedded_broker: EmbeddedBroker, embedded_redis: EmbeddedRedis, tmp_path: Path
) -> Pipeline:
    return Pipeline(embedded_broker.bootstrap, embedded_redis.url, tmp_path, partitions=2)


def replay(line: Pipeline, *options: str, **settings: str) -> tuple[int, str]:
    """Exit code, and all it said."""
    service: Service = line._start(["replay", *options], 0, line.environment(**settings))
    code = service.wait(60)
    assert "Traceback" not in service.log()
    return code, service.log()


@given(st.datetimes(datetime(1987, 1, 1), datetime(2025, 12, 31)))  # noqa: DTZ001 - local times
def test_a_time_without_an_offset_is_of_the_reporting_time_zone(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    for text in (moment.isoformat(), moment.isoformat(" ")):
        found = datetime.fromtimestamp(beginning(text, ZONE, NOW) / 1000, ZONE)
        assert found.replace(tzinfo=None) == moment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-01", datetime(2025, 11, 1, tzinfo=ZONE)),
        ("2025-11-01T08:30", datetime(2025, 11, 1, 8, 30, tzinfo=ZONE)),
        ("2025-11-01T08:30Z", datetime(2025, 11, 1, 8, 30, tzinfo=UTC)),
        ("2025-11-01T08:30-03:00", datetime(2025, 11, 1, 11, 30, tzinfo=UTC)),
        ("1969-12-31T23:59:59.999Z", datetime(1970, 1, 1, tzinfo=UTC)),  # else: from the end
        ("0001-01-01", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, expected: datetime) -> None:
    assert beginning(text, ZONE, NOW) == round(expected.timestamp() * 1000)


@pytest.mark.parametrize("text", ["", "yesterday", "08:30", "2025-13-01", "1767225600", "-1"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Refusal, match=r"is no time; write \d{4}-"):
        beginning(text, ZONE, NOW)


def test_a_time_in_the_future_is_refused() -> None:
    with pytest.raises(Refusal, match="2026-01-01T06:00:00"):
        beginning("2026-01-01T06:00", ZONE, NOW)


def test_nonsense_is_refused_before_anything_is_asked(line: Pipeline) -> None:
    line.bootstrap = f"127.0.0.1:{free_port()}"
    code, said = replay(line, "--from", "yesterday")
    assert (code, said.count("\n")) == (2, 1)
    assert "'yesterday' is no time" in said


def test_a_topic_that_is_not_there_is_named(line: Pipeline) -> None:
    code, said = replay(line)
    assert code == 2
    assert f"there is no topic '{line.topic}'" in said


def test_without_kafka_nothing_begins(line: Pipeline) -> None:
    line.bootstrap = f"127.0.0.1:{free_port()}"
    code, said = replay(line)
    assert code == 2
    assert f"Kafka does not answer at {line.bootstrap}" in said


def test_without_redis_nothing_begins(line: Pipeline) -> None:
    line.create_topic()
    line.redis_url = f"redis://127.0.0.1:{free_port()}"
    code, said = replay(line)
    assert code == 2
    assert "Redis does not answer" in said
    assert "Nothing has changed" in said


def test_while_another_replay_runs_nothing_begins(line: Pipeline) -> None:
    line.create_topic()
    with Redis.from_url(line.redis_url) as redis:
        redis.set(f"{line.name}:replay:{line.name}", "somewhere, process 7 token", ex=1_000)
        code, said = replay(line)
    assert code == 2
    assert "another replay is running already (somewhere, process 7)" in said


def test_an_empty_topic_is_replayed_in_lines_where_there_is_no_terminal(line: Pipeline) -> None:
    line.create_topic()
    code, said = replay(line, "--from", "2025-11-01")
    assert code == 0
    assert "\x1b" not in said
    assert re.search(r"INFO tidegauge.replay: Replaying: 0 of 0 records\n", said)
    assert "The new state is shown now" in said


def test_a_terminal_shows_a_bar(line: Pipeline) -> None:
    line.create_topic()
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            [sys.executable, "-m", "tidegauge", "replay"],
            env={"PATH": os.environ["PATH"], "TERM": "xterm", **line.environment()},
            stderr=theirs,
        )
        os.close(theirs)
        shown = b""
        try:
            while chunk := terminal.read(4096):
                shown += chunk
        except OSError:  # how Linux tells that nobody writes any more
            pass
        assert process.wait(60) == 0
    assert "0 of 0 records" in shown.decode()
    assert "━" in shown.decode()
    assert b"INFO" not in shown
