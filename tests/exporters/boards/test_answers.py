"""What panels answer on made-up series, as Prometheus' own tool works it out."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.exporters.boards.shown import BOARDS, Json, panels

pytestmark = pytest.mark.prometheus
CHOSEN = {
    "$job": ".+",
    "$instance": ".+",
    "$goal": "order",
    "$launch": "New pricing",
    "$metric": "cancellations",
}
JUDGMENT = "Is anything unusual?"
JUDGED = [(12, 0, 0, "as usual"), (9, 0, -1, "too few to say"), (12, 1, 1, "unusual")]


def check(
    promtool: str,
    folder: Path,
    expression: str,
    series: dict[str, str],
    expected: Mapping[str, float],
) -> None:
    """Ask after two hours; `expected` has the samples, written as PromQL has them."""
    for name, value in CHOSEN.items():
        expression = expression.replace(name, value)
    samples: list[dict[str, Any]] = [{"labels": n, "value": v} for n, v in expected.items()]
    asked = [{"expr": expression, "eval_time": "2h", "exp_samples": samples}]
    given = [{"series": name, "values": values} for name, values in series.items()]
    test = {"interval": "1m", "input_series": given, "promql_expr_test": asked}
    file = folder / "test.yml"
    file.write_text(yaml.safe_dump({"tests": [test]}))
    found = subprocess.run(
        [promtool, "test", "rules", file], check=False, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stdout + found.stderr


def panel(board: str, title: str) -> Json:
    (found,) = [one for one in panels(BOARDS[board]) if one["title"] == title]
    return found


def asked(board: str, title: str) -> list[str]:
    """What a panel asks."""
    return [target["expr"] for target in panel(board, title)["targets"]]


@pytest.mark.parametrize(("expected", "alarm", "state", "word"), JUDGED)
def test_what_was_not_judged_is_not_called_as_usual(
    promtool: str, tmp_path: Path, expected: int, alarm: int, state: int, word: str
) -> None:
    (question,) = asked("overview", JUDGMENT)
    labels = 'job="a",metric="cancellations",window'
    series = {
        f'job:tidegauge_watched_expected:max{{{labels}="15m"}}': "3x120",
        f'job:tidegauge_watched_alarm:max{{{labels}="15m"}}': "0x120",
        f'job:tidegauge_watched_expected:max{{{labels}="24h"}}': f"{expected}x120",
        f'job:tidegauge_watched_alarm:max{{{labels}="24h"}}': f"{alarm}x120",
    }
    answer = {'{job="a",metric="cancellations"}': state}
    check(promtool, tmp_path, question, series, answer)
    (mapping,) = panel("overview", JUDGMENT)["fieldConfig"]["defaults"]["mappings"]
    assert mapping["options"][f"{state}"]["text"] == word


def test_a_chosen_goal_leaves_metrics_that_have_no_goals(promtool: str, tmp_path: Path) -> None:
    question, *_ = asked("launch", "$metric: seen and expected")
    name, of_launch = "job:tidegauge_launch_seen:max", 'job="a",launch="New pricing"'
    whole = f'{name}{{{of_launch},metric="cancellations",plan="pro"}}'
    check(promtool, tmp_path, question, {whole: "7x120"}, {whole: 7})


def test_a_chosen_goal_leaves_out_the_others(promtool: str, tmp_path: Path) -> None:
    question, *_ = asked("launch", "$metric: seen and expected")
    name, of_launch = "job:tidegauge_launch_seen:max", 'job="a",launch="New pricing"'
    order, signup = (
        f'{name}{{{of_launch},goal="{goal}",metric="cancellations"}}'
        for goal in ("order", "signup")
    )
    check(promtool, tmp_path, question, {order: "7x120", signup: "9x120"}, {order: 7})


def test_a_worker_that_is_on_no_list_any_more_was_there_within_the_hour(
    promtool: str, tmp_path: Path
) -> None:
    now, lately = asked("pipeline", "Workers that answer")
    series = {
        f'{name}{{job="w",instance="{instance}"}}': values
        for name in ("up", "tidegauge_worker_partitions")
        for instance, values in (("a", "1x120"), ("b", "1x90 stale"))
    }
    check(promtool, tmp_path, now, series, {"{}": 1})
    check(promtool, tmp_path, lately, series, {"{}": 2})
