"""What Prometheus' and Grafana's own tools say of the boards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from exporters.recording import FILE
from streams.catalogue_file import load
from streams.wire import SEGMENT
from tests.exporters.boards.shown import (
    BOARDS,
    FOLDER,
    SEARCHES,
    boards_of,
    choices,
    expressions,
)
from tests.go_programs import INSTALL_SECONDS_MAX


def check_rules(promtool: str, expected: list[str], folder: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": expr} for n, expr in enumerate(expected)]
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    found = subprocess.run([promtool, "check", "rules", file], check=False, capture_output=True)
    assert found.returncode == 0, found.stderr.decode()


@pytest.mark.prometheus
@pytest.mark.parametrize("name", BOARDS)
def test_prometheus_can_parse_what_a_board_asks(promtool: str, name: str, tmp_path: Path) -> None:
    chosen_from = [series for series, _ in choices(BOARDS[name])]
    check_rules(promtool, [*expressions(BOARDS[name]), *chosen_from], tmp_path)


@pytest.mark.prometheus
def test_prometheus_can_parse_what_boards_of_your_own_metrics_ask(
    promtool: str, tmp_path: Path
) -> None:
    catalogue = load(SEGMENT, {"own": {"metrics": {"searches": SEARCHES}}})
    asked = [expr for board in boards_of(catalogue).values() for expr in expressions(board)]
    assert any("windowed_searches" in expression for expression in asked)
    check_rules(promtool, asked, tmp_path)


@pytest.mark.prometheus
def test_promtool_accepts_the_recording_rules(promtool: str) -> None:
    subprocess.run([promtool, "check", "rules", FILE], check=True, capture_output=True)


@pytest.mark.go
@pytest.mark.timeout(INSTALL_SECONDS_MAX + 60)
@pytest.mark.parametrize("name", BOARDS)
def test_the_linter_of_grafana_accepts_a_board(dashboard_linter: str, name: str) -> None:
    found = subprocess.run(
        [dashboard_linter, "lint", "--strict", FOLDER / f"{name}.json"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def test_what_the_linter_is_told_to_pass_over_has_a_reason() -> None:
    exclusions = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]
    titles = {board["title"] for board in BOARDS.values()}
    for rule in exclusions.values():
        assert rule["reason"]
        assert {entry["dashboard"] for entry in rule.get("entries", ())} <= titles
