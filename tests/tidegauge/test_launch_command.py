"""`tidegauge launch` as a product team runs it: what it writes, says and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.pipeline import Pipeline, wait_for
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis
from tidegauge.loopback_server import free_port

NAME = "New pricing"
ORDERS = 'conversions{goal="order"}'
VARIANT = '[segments]\nvariant = { property = "variant", values = ["hidden", "shown"] }'


class Team:
    """Runs the command against a pipeline."""

    def __init__(self, line: Pipeline) -> None:
        self.line = line

    def launch(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, standard output and error."""
        done = subprocess.run(
            [sys.executable, "-m", "tidegauge", "launch", *arguments],
            env={"COLUMNS": "160", **self.line.environment()},
            cwd=self.line.folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    def refused(self, *arguments: str) -> str:
        """What it says where it does nothing."""
        code, out, error = self.launch(*arguments)
        assert (code, out) == (2, "")
        return error

    def written(self) -> list[dict[str, Any]]:
        """Every record of the topic."""
        return [json.loads(row.value()) for row in self.line.rows(self.line.topic)]


def nowhere(folder: Path) -> Pipeline:
    """Neither Kafka nor Redis."""
    redis = f"redis://127.0.0.1:{free_port()}"
    return Pipeline(f"127.0.0.1:{free_port()}", redis, folder, partitions=2)


@pytest.fixture
def alone(embedded_broker: EmbeddedBroker, tmp_path: Path) -> Team:
    """Kafka with a topic, without Redis and workers."""
    line = nowhere(tmp_path)
    line.bootstrap = embedded_broker.bootstrap
    line.create_topic()
    return Team(line)


@pytest.fixture(scope="module")
def team(
    embedded_broker: EmbeddedBroker,
    embedded_redis: EmbeddedRedis,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Team]:
    """A whole pipeline, which knows variants."""
    folder = tmp_path_factory.mktemp("launch")
    (folder / "tidegauge.toml").write_text(VARIANT, encoding="utf-8")
    line = Pipeline(embedded_broker.bootstrap, embedded_redis.url, folder, partitions=2)
    line.settings["CONFIG"] = str(folder / "tidegauge.toml")
    with line:
        line.create_topic()
        line.worker()
        found = Team(line)
        wait_for("the worker publishes", lambda: found.launch("list")[0] == 0, 60)
        yield found


def test_without_kafka_nothing_is_marked_and_that_is_a_line(tmp_path: Path) -> None:
    error = Team(nowhere(tmp_path)).refused("start", NAME)
    assert "Kafka does not answer" in error


@pytest.mark.parametrize("arguments", [("list",), ("report", NAME)])
def test_without_redis_nothing_is_told_and_that_is_a_line(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    error = Team(nowhere(tmp_path)).refused(*arguments)
    assert error.startswith("tidegauge: nothing can be told now: Redis cannot be read")
    assert error.count("\n") == 1


def test_what_is_wrong_is_told_at_once_before_anything_is_asked(tmp_path: Path) -> None:
    error = Team(nowhere(tmp_path)).refused(
        "start", NAME, "--metric", "convertions", "--guardrail", "revenue", "--split", "variant"
    )
    assert "--metric: there is no metric 'convertions'; did you mean 'conversions'?" in error
    assert "--guardrail: 'revenue' cannot be compared" in error
    assert "--split: there is no segment 'variant'; there are none" in error
    assert "--at: 'soon' is no time" in Team(nowhere(tmp_path)).refused("end", NAME, "--at", "soon")


@pytest.mark.parametrize("form", ["segment", "cloudevents"])
def test_a_launch_can_be_marked_without_workers_and_redis(alone: Team, form: str) -> None:
    alone.line.settings["SOURCE_FORMAT"] = form
    code, out, error = alone.launch("start", NAME, "--metric", ORDERS, "--at", "2026-01-05T08:00Z")
    assert (code, out) == (0, "")
    assert "What is known already cannot be seen: Redis cannot be read" in error
    assert "`tidegauge launch list` shows it once a worker has counted it" in error
    [record] = alone.written()
    said = {"name": NAME, "at": "2026-01-05T08:00:00.000+00:00", "metrics": [ORDERS]}
    if form == "segment":
        assert (record["event"], record["properties"]) == ("Launch Started", said)
    else:
        assert record["type"] == "Launch Started"
        assert {name: record["data"][name] for name in said} == said


def test_a_launch_is_known_as_soon_as_the_command_is_over(team: Team) -> None:
    code, out, error = team.launch("start", NAME, "--metric", ORDERS, "--split", "variant")
    assert (code, out) == (0, "")
    assert "It is known now." in error
    code, out, _ = team.launch("list")
    assert code == 0
    assert NAME in out
    assert "goes on" in out
    code, out, _ = team.launch("report", NAME)
    assert code == 0
    assert f"Not compared: {ORDERS}." in out
    assert "By variant: nothing" in out
    assert team.launch("report", NAME, "--markdown")[1].startswith(f"## {NAME}\n")
    assert "goes on already" in team.refused("start", NAME)
    assert f"did you mean '{NAME}'?" in team.refused("report", "New prizing")

    assert team.launch("start", NAME, "--metric", "active_users", "--correct")[0] == 0
    assert "active_users" in team.launch("list")[1]
    before = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    assert "began later than that" in team.refused("end", NAME, "--at", before)
    code, _, error = team.launch("end", NAME)
    assert (code, "It is known now." in error) == (0, True)
    assert "goes on" not in team.launch("list")[1]
    assert "is over already" in team.refused("end", NAME)
    assert "ended later than that" in team.refused("start", NAME, "--at", before)
    assert len(team.written()) == 3


def test_an_end_of_what_nobody_has_begun_is_refused(team: Team) -> None:
    assert "no launch 'Old pricing' is known" in team.refused("end", "Old pricing")
