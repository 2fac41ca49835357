"""`tidegauge boards` writes what is shipped, and one's own metrics with it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tidegauge.__main__ import main

DEPLOY = Path(__file__).parents[2] / "deploy"
MINE = """
[metrics.searches]
title = "Searches"
definition = "Searches people ran."
formula = "count of Search Performed"
kind = "count"
events = [{ name = "Search Performed" }]
watch = { alarm = "fall" }
"""


def files(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


def test_without_a_configuration_it_writes_what_is_shipped(tmp_path: Path) -> None:
    assert main(["boards", str(tmp_path / "new")]) == 0
    written = files(tmp_path / "new")
    assert len(written) == 6
    for name, text in written.items():
        assert text == (DEPLOY / name).read_text()


def test_a_metric_of_ones_own_is_recorded_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    assert main(["boards", "--config", str(tmp_path / "mine.toml"), str(tmp_path / "out")]) == 0
    written = files(tmp_path / "out")
    assert "record: job:tidegauge_windowed_searches:max" in written["prometheus/recording.yml"]
    board = json.loads(written["grafana/dashboards/engagement.json"])
    assert "job:tidegauge_windowed_searches:max" in json.dumps(board["panels"])
    assert set(capsys.readouterr().out.split()) == {
        str(tmp_path / "out" / name) for name in written
    }


def test_where_nothing_can_be_written_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["boards", str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_without_the_library_it_says_how_to_have_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("exporters.boards")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "grafana_foundation_sdk.builders", None)
    assert main(["boards", str(tmp_path)]) == 2
    assert 'pip install ".[boards]"' in capsys.readouterr().err
    assert files(tmp_path) == {}
