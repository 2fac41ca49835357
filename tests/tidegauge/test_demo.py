"""`tidegauge demo` as a new user runs it: it ends well, can be recounted and leaves nothing."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from exporters import metrics_page
from tests.tidegauge.demo_process import DemoProcess, two_free_ports, wait_for
from tests.tidegauge.recount import recount

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
STANDARD = ("process_", "python_")
PROGRAMS = {"tansu", "valkey", "tidegauge worker", "tidegauge exporter"}
OF_THE_PAST = {"watched_expected", "launch_effect_ratio"}
"""Gauges that need the weeks before, which an exporter reads after it shows the others."""


@dataclass
class Run:
    """What one whole run has shown."""

    demo: DemoProcess
    exit_code: int
    lines: list[str]
    metrics: str
    open_metrics: str
    second: subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("demo")
    events = folder / "events.jsonl"
    options = ("--duration", "8", "--rate", "200", "--events", str(events))
    with DemoProcess(folder, two_free_ports(), *options) as demo:
        wait_for("all parts run", lambda: demo.look() == PROGRAMS)
        wait_for("the exporter listens", lambda: demo.get("healthz"))
        command = [sys.executable, "-m", "tidegauge", "demo", "--port", str(demo.port)]
        second = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        demo.says("First gauges after")
        demo.look()
        wait_for("the past is read, too", lambda: names(demo.get("metrics")) >= OF_THE_PAST)
        metrics = demo.get("metrics")
        in_open_metrics = demo.get("metrics", OPEN_METRICS)
        exit_code = demo.process.wait(120)
        lines = events.read_text("ascii").splitlines()
        yield Run(demo, exit_code, lines, metrics, in_open_metrics, second)


def samples(metrics: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name.removeprefix("tidegauge_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics)
        for sample in family.samples
    }


def names(metrics: str) -> set[str]:
    return {name for name, _ in samples(metrics)}


def printed(output: str, name: str) -> tuple[int, int]:
    """Gauge and ledger of a line of the closing table."""
    found = re.search(rf"^ ?{name} +([\d,]+) +([\d,]+) ", output, re.MULTILINE)
    assert found is not None, output
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def test_it_ends_well_with_a_table(run: Run) -> None:
    output = run.demo.output()
    assert run.exit_code == 0, output
    assert "Gauge against ledger" in output
    assert output.rstrip().endswith("every gauge equals the ledger")
    assert "Traceback" not in output


def test_every_record_sent_is_in_the_events_file_once(run: Run) -> None:
    places = Counter(tuple(map(int, re.findall(r"\d+", line[:60])[:2])) for line in run.lines)
    per_partition = Counter(partition for partition, _ in places)
    assert max(places.values()) == 1
    assert all((n, count - 1) in places for n, count in per_partition.items())
    assert printed(run.demo.output(), "records_total") == (len(run.lines),) * 2


def test_the_events_file_recounts_to_the_printed_totals(run: Run) -> None:
    counts = recount(run.lines)
    pages = sum(count for name, count in counts.items() if name.startswith("page "))
    output = run.demo.output()
    assert printed(output, "page_views_total") == (pages, pages)
    assert printed(output, "interactions_total") == (counts["interactions"],) * 2


def test_the_events_file_recounts_to_the_gauges_read_meanwhile(run: Run) -> None:
    found = samples(run.metrics)
    ends = {int(k[1][0][1]): int(v) for k, v in found.items() if k[0] == "read_offset"}
    counts = recount(run.lines, ends)
    exported = Counter[str]()
    for (name, labels), value in found.items():
        told = dict(labels)
        if name == "page_views_total":
            exported[f"page {told['page']}"] += int(value)
        elif name == "records_total":
            exported[told["outcome"]] += int(value)
    exported["interactions"] = int(found["interactions_total", ()])
    answers = int(found["csat_responses", (("window", "30d"),)])
    assert 0 < answers <= sum(counts.pop(f"score {score}") for score in range(1, 6))
    exported["skipped scores"] = sum(
        int(value)
        for (name, labels), value in found.items()
        if name == "skipped_values_total" and dict(labels)["metric"] == "csat"
    )
    exported["orders"] = int(found["conversions_total", (("goal", "order"),)])
    assert counts["orders"] > 0
    assert +counts == +exported


def test_what_is_exported_is_documented_and_the_other_way_round(run: Run) -> None:
    documented = set(re.findall(r"`tidegauge_(\w+)", metrics_page.PAGE.read_text("utf-8")))
    exported = {name for name in names(run.metrics) if not name.startswith(STANDARD)}
    assert exported == documented - {"launch_end_timestamp_seconds"}  # the demo's launch goes on


def test_openmetrics_can_be_parsed_and_says_the_same_names(run: Run) -> None:
    assert run.open_metrics.endswith("# EOF\n")
    found = {
        sample.name.removeprefix("tidegauge_")
        for family in open_metrics(run.open_metrics)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    assert found == names(run.metrics)


@pytest.mark.prometheus
def test_promtool_has_no_complaint(run: Run, promtool: str) -> None:
    told = subprocess.run(
        [promtool, "check", "metrics"],
        input=run.metrics,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_nothing_is_left_of_it(run: Run) -> None:
    assert run.demo.started.keys()
    wait_for("nothing is left", run.demo.nothing_is_left, 10)
    assert [path.name for path in run.demo.folder.iterdir()] == []


def test_a_second_demo_on_the_same_port_is_refused_in_one_line(run: Run) -> None:
    assert run.second.returncode == 2
    assert run.second.stdout == ""
    (line,) = run.second.stderr.splitlines()
    assert line.startswith(f"tidegauge: port {run.demo.port} on 127.0.0.1 is taken")
    assert "--port" in line


def test_interrupted_it_ends_with_its_table_and_leaves_nothing(tmp_path: Path) -> None:
    with DemoProcess(tmp_path, two_free_ports(), "--rate", "200") as demo:
        demo.says("First gauges after")
        demo.look()
        # As a terminal does on Ctrl-C: to all of the group, which must not hit the services.
        os.killpg(demo.process.pid, signal.SIGINT)
        wait_for("the end", lambda: not demo.running(), 90, demo.output)
        assert demo.process.wait() == 0, demo.output()
        output = demo.output()
        assert output.rstrip().endswith("every gauge equals the ledger")
        assert "Traceback" not in output
        wait_for("nothing is left", demo.nothing_is_left, 10)


@pytest.mark.parametrize(
    ("ending", "exit_code"), [(signal.SIGTERM, -signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_ended_by_a_signal_it_leaves_nothing(
    tmp_path: Path, ending: signal.Signals, exit_code: int
) -> None:
    with DemoProcess(tmp_path, two_free_ports(), "--rate", "200") as demo:
        wait_for("all parts run", lambda: demo.look() == PROGRAMS)
        demo.process.send_signal(ending)
        assert demo.process.wait(30) == exit_code
        assert "Traceback" not in demo.output()
        wait_for("nothing is left", demo.nothing_is_left, 10)
        assert [path.name for path in demo.folder.iterdir()] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_under_the_events_is_one_line(tmp_path: Path) -> None:
    with DemoProcess(tmp_path, two_free_ports(), "--events", "/dev/full") as demo:
        assert demo.process.wait(60) == 2, demo.output()
        last = demo.output().splitlines()[-1]
        assert last == "tidegauge: the system refuses: [Errno 28] No space left on device"
        assert "Traceback" not in demo.output()
        wait_for("nothing is left", demo.nothing_is_left, 10)
