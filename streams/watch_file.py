"""Reads from a metric's table in a catalogue how it is watched."""

from collections.abc import Mapping
from typing import Any

from streams.catalogue import ALARMS, Label, Metric, Watch
from streams.schema import TEXTS, Problem, check, one_of

WATCH = {"alarm": one_of(ALARMS)._replace(required=True), "by": TEXTS}
WATCHABLE = ("count", "distinct")


def read_watch(table: Any, where: str, problems: list[Problem]) -> Watch | None:
    """What the table says; notes what is wrong with it."""
    found = check(table, WATCH, where, problems)
    return Watch(found["alarm"], tuple(found.get("by", ()))) if "alarm" in found else None


def check_watch(
    metric: Metric, labels: Mapping[str, Label], where: str, problems: list[Problem]
) -> None:
    """Note how a metric cannot be watched."""
    if metric.watch is None:
        return
    if metric.kind not in WATCHABLE:
        problems.append(Problem(where, f"a {metric.kind} cannot be watched; a count can"))
    closed = [name for name in metric.labels if name in labels and labels[name].values]
    for name in metric.watch.by:
        if name not in closed:
            message = f"must be labels of the metric with `values`, not {name!r}"
            problems.append(Problem(f"{where}.by", message))
