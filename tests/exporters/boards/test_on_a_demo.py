"""A real Prometheus scrapes a running demo, as two exporters and a worker, and is asked all."""

from __future__ import annotations

import json
import re
import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from exporters.recording import FILE, rules_of
from tests.alerting_servers import RULES
from tests.exporters.boards.shown import BOARDS, SHIPPED, panels
from tests.tidegauge.demo_process import DemoProcess, two_free_ports, wait_for
from tidegauge.loopback_server import LoopbackServer
from tidegauge.simulator.launches import LAUNCH

pytestmark = [pytest.mark.prometheus, pytest.mark.long]

RULE_FILES = [str(FILE), str(RULES)]
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
    r"launch_end_timestamp_seconds:max$": "the launch goes on",
    r'watched_\w+:max\{.*window="1h"': "the history is thin: some hours of the night are empty",
    r"label_overflow:max\{.*> 0": "no label has too many values",
}


class PrometheusServer(LoopbackServer):
    """Prometheus with the shipped rules; it looks every other second."""

    question, answer = b"GET /-/ready HTTP/1.0\r\n\r\n", b"200 OK"

    def __init__(self, targets: dict[str, list[str]]) -> None:
        super().__init__()
        self._targets = targets

    def command(self) -> list[str]:
        """Run with a configuration of its own."""
        jobs = [
            {"job_name": job, "static_configs": [{"targets": targets}]}
            for job, targets in self._targets.items()
        ]
        every = {"scrape_interval": "2s", "evaluation_interval": "2s"}
        file = self.folder / "prometheus.yml"
        file.write_text(
            yaml.safe_dump({"global": every, "rule_files": RULE_FILES, "scrape_configs": jobs})
        )
        listening = f"--web.listen-address=127.0.0.1:{self.port}"
        files = [f"--config.file={file}", f"--storage.tsdb.path={self.folder}/data"]
        return [str(shutil.which("prometheus")), *files, listening]

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The series it answers with; fails with what it says when it cannot."""
        query = urllib.parse.urlencode({"query": expression})
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{query}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from error


@pytest.fixture(scope="module")
def prometheus(
    promtool: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrometheusServer]:
    assert promtool
    folder = tmp_path_factory.mktemp("demo")
    with DemoProcess(folder, two_free_ports(), "--duration", "180", "--rate", "200") as demo:
        demo.says("First gauges after")
        exporters = [f"127.0.0.1:{demo.port}", f"localhost:{demo.port}"]
        worker = f"127.0.0.1:{demo.port + 1}"
        jobs = {"tidegauge-exporter": exporters, "tidegauge-worker": [worker]}
        with PrometheusServer(jobs) as server:
            wait_for(
                "two exporters are recorded",
                lambda: (
                    len(server.ask("tidegauge_up")) == 2
                    and server.ask("job:tidegauge_records:rate5m")
                ),
            )
            yield server


def chosen(expression: str) -> str:
    for name, value in CHOSEN.items():
        expression = expression.replace(name, value)
    return expression


@pytest.mark.parametrize("name", BOARDS)
def test_every_panel_has_an_answer_or_a_reason(prometheus: PrometheusServer, name: str) -> None:
    empty = {
        f"{panel['title']}: {target['expr']}"
        for panel in panels(BOARDS[name])
        for target in panel["targets"]
        if not prometheus.ask(chosen(target["expr"]))
        and not any(re.search(reason, target["expr"]) for reason in MAY_BE_EMPTY)
    }
    assert not empty


def test_every_rule_has_an_answer_or_a_reason(prometheus: PrometheusServer) -> None:
    empty = {
        rule.record
        for rule in rules_of(SHIPPED)
        if not prometheus.ask(rule.record)
        and not any(re.search(reason, rule.record) for reason in MAY_BE_EMPTY)
    }
    assert not empty


def test_every_series_that_an_alert_reads_is_there(prometheus: PrometheusServer) -> None:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    asked = " ".join(rule["expr"] for group in groups for rule in group["rules"])
    read = set(re.findall(r"job:\w+:\w+|(?<!:)\btidegauge_\w+", asked)) | {"up"}
    assert {name for name in read if not prometheus.ask(name)} == set()


def test_no_recorded_series_is_there_once_for_each_exporter(prometheus: PrometheusServer) -> None:
    wait_for("both answer", lambda: len(prometheus.ask("tidegauge_up")) == 2)
    assert len(prometheus.ask("job:tidegauge_up:max")) == 1
    assert not prometheus.ask('{__name__=~"job:.+",instance!=""}')
