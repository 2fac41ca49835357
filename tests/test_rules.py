"""The alerts of `deploy/prometheus`: raised when they should be, and only on what is recorded.

The cases stand in `tests/rules`: series as promtool writes them, and at which times an alert fires.
A case may have another interval than its file.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.families import exported
from streams.catalogue_file import load
from streams.wire import SEGMENT
from tests.go_programs import INSTALL_SECONDS_MAX
from tests.prometheus_server import DEPLOY, RECORDING, RULES

BOARDS = {json.loads(p.read_text())["uid"] for p in DEPLOY.glob("grafana/dashboards/*.json")}
CASE_FILES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
GROUPS: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
(OF_EXPORTERS,) = yaml.safe_load(RECORDING.read_text())["groups"]
EVERYTHING: list[dict[str, Any]] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in EVERYTHING if "alert" in rule}
RECORDED = {rule["record"]: rule for rule in EVERYTHING if "record" in rule}
CASES: list[dict[str, Any]] = [
    {"interval": file["interval"], **case}
    for file in (yaml.safe_load(path.read_text()) for path in CASE_FILES)
    for case in file["cases"]
]
OF_WORKERS = {"tidegauge_redis_errors_total"}
LONGEST_PAGE_MINUTES = 2
"""After a restart of Prometheus: less than the four after which Alertmanager calls it resolved."""


def minutes(duration: str) -> float:
    number, unit = re.fullmatch(r"(\d+)([smh])", duration).groups()  # type: ignore[union-attr]
    return int(number) * {"s": 1 / 60, "m": 1, "h": 60}[unit]


def names_of_series() -> set[str]:
    """What exporters show, and workers of Redis."""
    families = exported(load(SEGMENT))
    return OF_WORKERS | {f.name + ("_total" if f.type == "counter" else "") for f in families}


@pytest.mark.parametrize("rule", EVERYTHING, ids=lambda rule: rule.get("alert", rule.get("record")))
def test_a_rule_asks_for_series_that_are_there(rule: dict[str, Any]) -> None:
    asked = set(re.findall(r"job:\w+:\w+", rule["expr"]))
    raw = set(re.findall(r"(?<!:)\btidegauge_\w+", rule["expr"]))
    assert asked | raw or "up{" in rule["expr"]
    assert asked <= RECORDED.keys() | {one["record"] for one in OF_EXPORTERS["rules"]}
    assert raw <= names_of_series()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_about_the_product_takes_no_catch_up_for_a_change(name: str) -> None:
    rule = ALERTS[name]
    if rule["labels"]["about"] == "product":
        asked = rule["expr"] + "".join(r["expr"] for n, r in RECORDED.items() if n in rule["expr"])
        assert not re.search(r"_total|:rate|rate\(|increase\(|delta\(|deriv\(", asked)
        assert 'window="today"' not in asked


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_people_on_call_need(name: str) -> None:
    rule = ALERTS[name]
    notes = rule["annotations"]
    assert re.fullmatch(r"Tidegauge[A-Z]\w+", name)
    assert re.fullmatch(r"[A-Z][^{}]+\.", notes["summary"]), "a sentence without templates"
    assert re.search(r"\{\{.+\}\}", notes["description"])
    assert notes["runbook_url"] == f"docs/runbooks/{name}.md"
    assert notes["dashboard_url"].removeprefix("/d/") in BOARDS
    assert rule["labels"].keys() == {"severity", "about"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    assert rule["labels"]["about"] in {"product", "pipeline"}
    assert minutes(rule["keep_firing_for"]) >= LONGEST_PAGE_MINUTES


@pytest.mark.parametrize("name", ALERTS)
def test_a_page_fires_again_before_a_restart_of_prometheus_would_resolve_it(name: str) -> None:
    if ALERTS[name]["labels"]["severity"] == "critical":
        assert minutes(ALERTS[name]["for"]) <= LONGEST_PAGE_MINUTES


@pytest.mark.parametrize("name", ALERTS)
def test_what_is_bridged_is_shorter_than_what_is_waited_for(name: str) -> None:
    bridged = re.findall(r"last_over_time\([^\[\]]+\[(\w+)\]\)", ALERTS[name]["expr"])
    if "time() -" not in ALERTS[name]["expr"]:  # a single instant says it as well as many
        assert all(minutes(one) < minutes(ALERTS[name]["for"]) for one in bridged)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_cases_in_which_it_fires_and_in_which_it_does_not(name: str) -> None:
    firing = [list(case["firing"].values()) for case in CASES if case["alert"] == name]
    assert any(any(moments) for moments in firing)
    assert any(not any(moments) for moments in firing)


@pytest.mark.parametrize("name", ALERTS)
def test_a_description_speaks_of_labels_that_the_alert_has(name: str) -> None:
    spoken = set(re.findall(r"\$labels\.(\w+)", ALERTS[name]["annotations"]["description"]))
    fired = [
        set(labels)
        for c in CASES
        if c["alert"] == name
        for f in c["firing"].values()
        for labels in f
    ]
    assert spoken <= set().union(*fired)


@pytest.mark.prometheus
def test_promtool_accepts_the_rules(promtool: str) -> None:
    for file in (RULES, RECORDING):
        subprocess.run([promtool, "check", "rules", file], check=True, capture_output=True)


@pytest.mark.go
@pytest.mark.timeout(INSTALL_SECONDS_MAX + 60)
def test_pint_finds_nothing_to_say_of_the_rules(pint: str) -> None:
    everything = ("--min-severity=info", "--fail-on=info")
    command = [pint, "--offline", "--no-color", "lint", *everything, "deploy/prometheus"]
    found = subprocess.run(command, check=False, cwd=DEPLOY.parent, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    rules = len(EVERYTHING) + len(OF_EXPORTERS["rules"])
    assert f"entries={rules} " in found.stderr


@pytest.mark.prometheus
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['alert']}: {case['name']}")
def test_an_alert_fires_when_it_should(case: dict[str, Any], promtool: str, tmp_path: Path) -> None:
    asked = [_moment(case["alert"], *one) for one in case["firing"].items()]
    (group,) = (g for g in GROUPS if ALERTS[case["alert"]] in g["rules"])
    _check(promtool, tmp_path, [_read_by(group), group], case, asked)


@pytest.mark.prometheus
def test_nothing_fires_while_all_is_well(promtool: str, tmp_path: Path) -> None:
    exporter = 'job="tidegauge-exporter",instance'
    well = {
        f'up{{{exporter}="a"}}': "1x60",
        f'up{{{exporter}="b"}}': "1x60",
        'up{job="tidegauge-worker",instance="c"}': "1x60",
        f'tidegauge_up{{{exporter}="a"}}': "1x60",
        f'tidegauge_as_of_timestamp_seconds{{{exporter}="a"}}': "0+60x60",
        f'tidegauge_checkpoint_timestamp_seconds{{{exporter}="a",partition="0"}}': "0+60x60",
        f'tidegauge_lost_records_total{{{exporter}="a",partition="0"}}': "0x60",
    }
    silence = {"eval_time": "60m", "expr": 'ALERTS{alertstate="firing"}', "exp_samples": []}
    case = {"interval": "1m", "series": well}
    _check(promtool, tmp_path, [OF_EXPORTERS, *GROUPS], case, [silence])


def _read_by(group: dict[str, Any]) -> dict[str, Any]:
    """What a group of rules reads of what is recorded; with all of it promtool takes long."""
    asked = "".join(rule["expr"] for rule in group["rules"])
    rules = [rule for rule in OF_EXPORTERS["rules"] if rule["record"] in asked]
    return {**OF_EXPORTERS, "rules": rules}


def _check(
    promtool: str,
    folder: Path,
    groups: list[dict[str, Any]],
    case: dict[str, Any],
    asked: list[dict[str, Any]],
) -> None:
    """Let promtool evaluate groups of rules on the series of a case, and ask."""
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    series = [{"series": name, "values": values} for name, values in case["series"].items()]
    timeline = {
        "interval": case["interval"],
        "input_series": series,
        "promql_expr_test": asked,
    }
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": case["interval"],
        "group_eval_order": [group["name"] for group in groups],
        "tests": [timeline],
    }
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump(test))
    found = subprocess.run(
        [promtool, "test", "rules", file], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def _moment(alert: str, time: str, firing: list[dict[str, str]]) -> dict[str, Any]:
    """What promtool must find of an alert at a time."""
    of_all = {"alertname": alert, "alertstate": "firing"}
    expected = [_written(of_all | ALERTS[alert]["labels"] | labels) for labels in firing]
    samples = [{"labels": labels, "value": 1} for labels in expected]
    return {"eval_time": time, "expr": _written(of_all), "exp_samples": samples}


def _written(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{value}"' for name, value in labels.items())
    return f"ALERTS{{{pairs}}}"
