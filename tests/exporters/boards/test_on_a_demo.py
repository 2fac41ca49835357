"""A real Prometheus scrapes a running demo, as two exporters and a worker, and is asked all."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporters.recording import rules_of
from tests.exporters.boards.shown import BOARDS, SHIPPED, Json, choices, panels
from tests.go_programs import INSTALL_SECONDS_MAX
from tests.prometheus_server import DEPLOY, RULE_FILES, RULES, Prometheus, jobs
from tests.tidegauge.demo_process import DemoProcess, two_free_ports, wait_for
from tidegauge.simulator.launches import LAUNCH

pytestmark = [pytest.mark.prometheus, pytest.mark.long]

OFTEN = {"scrape_interval": "2s", "evaluation_interval": "2s"}
CHOSEN = {
    "$__rate_interval": "20s",
    "${metric}": "conversions",
    "$metric": "conversions",
    "$goal": "order",
    "$window": "7d",
    "$band": "24h",
    "$launch": str(LAUNCH["name"]),
    "$job": ".+",
    "$instance": ".+",
}
MAY_BE_EMPTY = {
    r"offset \dw": "Prometheus has run for no week yet",
    r"launch_end_timestamp_seconds:max(\{[^}]*\} \* 1000)?$": "the launch goes on",
    r'watched_\w+:max\{.*metric="conversions",window="1h"': "past nights had hours without any",
    r"label_overflow:max\{.*> 0": "no label has too many values",
}


@pytest.fixture(scope="module")
def prometheus(promtool: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    assert promtool
    folder = tmp_path_factory.mktemp("demo")
    with DemoProcess(folder, two_free_ports(), "--duration", "180", "--rate", "200") as demo:
        demo.says("First gauges after")
        exporters = [f"127.0.0.1:{demo.port}", f"localhost:{demo.port}"]
        worker = f"127.0.0.1:{demo.port + 1}"
        scraped = jobs({"tidegauge-exporter": exporters, "tidegauge-worker": [worker]})
        with Prometheus(
            {"global": OFTEN, "rule_files": RULE_FILES, "scrape_configs": scraped}
        ) as server:
            wait_for(
                "two exporters are recorded, and a worker was scraped twice",
                lambda: (
                    len(server.query("tidegauge_up")) == 2
                    and server.query("job:tidegauge_conversions:rate5m")
                    and server.query("rate(tidegauge_worker_checkpoints_total[20s])")
                ),
            )
            yield server


def chosen(expression: str) -> str:
    for name, value in CHOSEN.items():
        expression = expression.replace(name, value)
    return expression


def questions(board: Json) -> Iterator[tuple[str, str]]:
    """All that a board asks of Prometheus: for its panels, its marks and its choices."""
    for panel in panels(board):
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])
    for marks in board["annotations"]["list"]:
        yield marks["name"], marks["target"]["expr"]
    for series, label in choices(board):
        yield f"choice of {label}", f"count by ({label}) ({series}) unless on ({label}) vector(0)"


@pytest.mark.parametrize("name", BOARDS)
def test_everything_on_a_board_has_an_answer_or_a_reason(prometheus: Prometheus, name: str) -> None:
    empty = {
        f"{title}: {expression}"
        for title, expression in questions(BOARDS[name])
        if not prometheus.query(chosen(expression))
        and not any(re.search(reason, expression) for reason in MAY_BE_EMPTY)
    }
    assert not empty


def test_every_rule_has_an_answer_or_a_reason(prometheus: Prometheus) -> None:
    empty = {
        rule.record
        for rule in rules_of(SHIPPED)
        if not prometheus.query(rule.record)
        and not any(re.search(reason, rule.record) for reason in MAY_BE_EMPTY)
    }
    assert not empty


def test_every_series_that_an_alert_reads_is_there(prometheus: Prometheus) -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    asked = " ".join(rule["expr"] for group in groups for rule in group["rules"])
    read = set(re.findall(r"job:\w+:\w+|(?<!:)\btidegauge_\w+", asked)) | {"up"}
    assert {name for name in read if not prometheus.query(name)} == set()


def test_no_recorded_series_is_there_once_for_each_exporter(prometheus: Prometheus) -> None:
    wait_for("both answer", lambda: len(prometheus.query("tidegauge_up")) == 2)
    assert len(prometheus.query("job:tidegauge_up:max")) == 1
    assert not prometheus.query('{__name__=~"job:.+",instance!=""}')


@pytest.mark.go
@pytest.mark.timeout(INSTALL_SECONDS_MAX + 240)
def test_pint_finds_the_rules_right_for_the_series_there_are(
    pint: str, prometheus: Prometheus, tmp_path: Path
) -> None:
    server = f'prometheus "demo" {{ uri = "http://127.0.0.1:{prometheus.port}" }}\n'
    (tmp_path / "pint.hcl").write_text((DEPLOY.parent / ".pint.hcl").read_text() + server)
    configured = [pint, "--no-color", "--config", str(tmp_path / "pint.hcl")]
    command = [*configured, "lint", "--fail-on=warning", "deploy/prometheus"]
    found = subprocess.run(command, check=False, cwd=DEPLOY.parent, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
