"""The alerts of `deploy/prometheus`: raised when they should be, and on metrics that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.pipeline import PipelineCollector
from exporters.shard_health import ShardHealthCollector

RULES = Path(__file__).parents[1] / "deploy/prometheus/alerts.yml"
ALERTS: dict[str, Any] = {
    rule["alert"]: rule
    for group in yaml.safe_load(RULES.read_text())["groups"]
    for rule in group["rules"]
}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_asks_for_metrics_that_are_exported(alert: str) -> None:
    asked = set(re.findall(r"tidegauge_\w+", ALERTS[alert]["expr"]))
    collectors = PipelineCollector({}, complete=True), ShardHealthCollector({})
    families = [family for collector in collectors for family in collector.collect()]
    exported = {f.name + ("_total" if f.type == "counter" else "") for f in families}
    assert asked
    assert asked <= exported


OF_SHARDS = {"LostFacts"}


def series(name: str, values: str, number: int = 0, instance: str = "a") -> dict[str, str]:
    part = "shard" if name == FACTS else "partition"
    labels = f'instance="{instance}",{part}="{number}"'
    return {"series": f"{name}{{{labels}}}", "values": values}


FACTS = "tidegauge_lost_facts_total"
LOST = "tidegauge_lost_records_total"
UNITS = "tidegauge_lost_units_total"
CHECKPOINT = "tidegauge_checkpoint_timestamp_seconds"
CASES = {
    # minute 0 ...                        alert, minute, partitions or shards it is raised for
    "a loss": ([series(LOST, "0x9 7x80"), series(UNITS, "0x90")], "DeclaredLoss", 15, [0]),
    "a loss an hour ago": (
        [series(LOST, "0x9 7x80"), series(UNITS, "0x90")],
        "DeclaredLoss",
        80,
        [],
    ),
    "a loss, after everything was away": (
        [series(LOST, "0x9 _x120 500x90"), series(UNITS, "0x9 _x120 0x90")],
        "DeclaredLoss",
        140,
        [0],
    ),
    "a loss known before everything was away": (
        [series(LOST, "500x9 _x120 500x90"), series(UNITS, "0x9 _x120 0x90")],
        "DeclaredLoss",
        140,
        [],
    ),
    "a loss that a replay has found again": (
        [series(LOST, "500x90 20x90"), series(UNITS, "0x180")],
        "DeclaredLoss",
        100,
        [0],
    ),
    "a loss that was found again, and a new name of the exporter": (
        [series(LOST, "500x90"), series(LOST, "_x90 20x90", instance="b"), series(UNITS, "0x180")],
        "DeclaredLoss",
        160,
        [],
    ),
    "a lost unit, seen by two exporters": (
        [series(m, v, 3, i) for i in "ab" for m, v in ((LOST, "0x90"), (UNITS, "0x9 1x80"))],
        "DeclaredLoss",
        15,
        [3],
    ),
    "nothing lost": ([series(LOST, "4x90"), series(UNITS, "1x90")], "DeclaredLoss", 60, []),
    "lost facts": ([series(FACTS, "0x9 2x80", 1)], "LostFacts", 15, [1]),
    "facts lost an hour ago": ([series(FACTS, "0x9 2x80", 1)], "LostFacts", 80, []),
    "facts lost, after everything was away": (
        [series(FACTS, "0x9 _x120 2x90", 1)],
        "LostFacts",
        140,
        [1],
    ),
    "no facts lost": ([series(FACTS, "0x90")], "LostFacts", 60, []),
    "checkpoints": ([series(CHECKPOINT, "0+60x90")], "CheckpointOld", 60, []),
    "checkpoints that stopped": ([series(CHECKPOINT, "0+60x9 600x80")], "CheckpointOld", 60, [0]),
}


@pytest.mark.prometheus
@pytest.mark.parametrize("case", CASES)
def test_an_alert_is_raised_when_it_should_be(case: str, promtool: str, tmp_path: Path) -> None:
    given, name, minute, numbers = CASES[case]
    part = "shard" if name in OF_SHARDS else "partition"
    alert = f"Tidegauge{name}"
    severity = ALERTS[alert]["labels"]["severity"]
    firing = f'ALERTS{{alertname="{alert}",alertstate="firing"'
    expected = [
        {"labels": f'{firing},{part}="{number}",severity="{severity}"}}', "value": 1}
        for number in numbers
    ]
    one = {"eval_time": f"{minute}m", "expr": f"{firing}}}", "exp_samples": expected}
    test = {
        "rule_files": [str(RULES)],
        "tests": [{"interval": "1m", "input_series": given, "promql_expr_test": [one]}],
    }
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(test))
    found = subprocess.run(
        [promtool, "test", "rules", file], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr
