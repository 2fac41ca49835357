"""Whoever is woken finds what to do: a runbook for every alert, and a page that lists them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from streams.catalogue_file import SECTIONS
from tests.agents.worker_series import of_a_worker
from tidegauge.__main__ import _parser
from tidegauge.settings import DECLARED

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs/runbooks"
RUNBOOKS = {path.stem: path.read_text("utf-8") for path in sorted(FOLDER.glob("*.md"))}
PAGE = (ROOT / "docs/alerts.md").read_text("utf-8")
GROUPS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
PARTS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]


PAGES = RUNBOOKS | {"alerts": PAGE}
NOT_SETTINGS = (".yml", ".toml")


def known() -> set[str]:
    """Every metric there is."""
    told = (ROOT / "docs/metrics.md").read_text("utf-8")
    return set(re.findall(r"\btidegauge_\w+", told)) | of_a_worker()


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert RUNBOOKS.keys() == ALERTS.keys()
    for name, alert in ALERTS.items():
        assert (ROOT / alert["annotations"]["runbook_url"]).samefile(FOLDER / f"{name}.md")


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_the_four_parts_with_something_in_each(name: str) -> None:
    title, *parts = re.split(r"^##? (.+)\n", RUNBOOKS[name], flags=re.MULTILINE)[1:]
    assert title == name
    assert parts[1::2] == PARTS
    assert all(part.strip() for part in parts[2::2])


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_asks_for_metrics_that_exist(name: str) -> None:
    metrics = known()
    text = RUNBOOKS[name]
    recorded = set(re.findall(r"job:(\w+):(max|rate5m|\w+)", text))
    for metric, operation in recorded:
        assert {metric, f"{metric}_total"} & metrics, metric
        ending = {"max": "", "rate5m": "_total"}.get(operation)
        is_known = ending is not None and f"{metric}{ending}" in metrics
        is_total = operation == "max" and f"{metric}_total" in metrics
        assert is_known or is_total or f"job:{metric}:{operation}" in RECORDED
    assert set(re.findall(r"(?<!:)\btidegauge_\w+", text)) <= metrics


@pytest.mark.parametrize("name", PAGES)
def test_a_command_that_is_told_of_can_be_given(name: str) -> None:
    on_host = re.findall(r"(?:`|^ *\$ )tidegauge ([^`\n]+)", PAGES[name], re.MULTILINE)
    with_compose = re.findall(r"docker compose run .*?\bworker ([^`\n]+)", PAGES[name])
    for command in (*on_host, *with_compose):
        _parser().parse_args(shlex.split(re.sub(r"\bN\b", "7", command)))


@pytest.mark.parametrize("name", PAGES)
def test_a_setting_that_is_told_of_can_be_set(name: str) -> None:
    told = re.findall(r"`([a-z]+\.[a-z_]+)`", PAGES[name])
    assert {one for one in told if not one.endswith(NOT_SETTINGS)} <= DECLARED.keys()
    sections = re.findall(r"`\[(\w+)", PAGES[name])
    assert {*sections} <= {key.partition(".")[0] for key in DECLARED} | {*SECTIONS}


def test_the_page_lists_every_alert_as_it_is() -> None:
    rows = [
        f"| [{name}](runbooks/{name}.md) | {alert['labels']['severity']} | {alert['for']} | "
        f"{alert['annotations']['summary']} |"
        for name, alert in ALERTS.items()
    ]
    table = "\n".join(["| alert | severity | for | says |", "|---|---|---|---|", *rows])
    assert table in PAGE, f"docs/alerts.md must say:\n{table}"
