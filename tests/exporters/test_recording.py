"""The recording rules: one series of each that exporters show, however many exporters there are."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.recording import FILE, rules_of, text
from exporters.service import Exporter
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.catalogue_file import load
from streams.published import Published
from streams.reading import Reading
from streams.wire import SEGMENT
from tests.exporters.boards.shown import SEARCHES
from tests.exporters.published_events import NOW, Worker, new_folding

SHIPPED = load(SEGMENT)
OF_A_PROCESS = ("process_", "python_")


def shown_by_an_exporter() -> set[str]:
    """Names of the families of a scrape, but those of the process."""
    exporter = Exporter(redis_url="redis://127.0.0.1:1", folding=new_folding())
    partitions = {0: Published(Worker().progress())}
    view = View(Snapshot(partitions=partitions), Reading(as_of=NOW, final_until=NOW))
    collectors = exporter._collectors(view)
    names = {family.name for collector in collectors for family in collector.collect()}
    return {name for name in names if not name.startswith(OF_A_PROCESS)}


def test_the_file_is_what_the_catalogue_says() -> None:
    told = FILE.read_text(encoding="utf-8")
    assert told == text(SHIPPED), "run tidegauge boards deploy"


def test_every_series_an_exporter_shows_is_recorded_and_no_other() -> None:
    shown = shown_by_an_exporter()
    recorded = {rule.record.split(":")[1] for rule in rules_of(SHIPPED)}
    assert len(shown) > 50
    assert recorded == shown


def test_a_metric_of_your_own_is_recorded() -> None:
    expressions = {
        rule.record: rule.expr
        for rule in rules_of(load(SEGMENT, {"own": {"metrics": {"searches": SEARCHES}}}))
    }
    assert expressions["job:tidegauge_searches:max"] == (
        "max without (instance) (tidegauge_searches_total)"
    )
    assert expressions["job:tidegauge_windowed_searches:max"] == (
        "max without (instance) (tidegauge_windowed_searches)"
    )


def test_no_two_rules_record_the_same() -> None:
    names = [rule.record for rule in rules_of(SHIPPED)]
    assert len(names) == len(set(names))


def asked(expression: str, *expected: tuple[str, float], minute: int = 10) -> dict[str, Any]:
    samples = [{"labels": labels, "value": value} for labels, value in expected]
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


@pytest.mark.prometheus
def test_a_second_exporter_changes_nothing(promtool: str, tmp_path: Path) -> None:
    job = 'job="tidegauge-exporter"'
    users = f'tidegauge_active_users{{{job},window="1h",instance='
    read = f'tidegauge_records_total{{{job},outcome="accepted",partition="0",instance='
    recorded_users = "job:tidegauge_active_users:max"
    recorded_read = "job:tidegauge_records:max"
    a_second = "job:tidegauge_records:rate5m"
    of_read = f'{job},outcome="accepted",partition="0"}}'
    test = {
        "rule_files": [str(FILE)],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'{users}"a"}}', "values": "7x10 stale"},
                    {"series": f'{users}"b"}}', "values": "_x5 7x5 stale"},
                    {"series": f'{read}"a"}}', "values": "0+60x20"},
                    {"series": f'{read}"b"}}', "values": "0+60x20"},
                ],
                "promql_expr_test": [
                    asked(recorded_users, (f'{recorded_users}{{{job},window="1h"}}', 7), minute=3),
                    asked(recorded_users, (f'{recorded_users}{{{job},window="1h"}}', 7)),
                    asked(recorded_users, minute=11),
                    asked(recorded_read, (f"{recorded_read}{{{of_read}", 600)),
                    asked(a_second, (f"{a_second}{{{of_read}", 1)),
                ],
            }
        ],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test))
    found = subprocess.run(
        [promtool, "test", "rules", file], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
