"""A metric added at a restart begins there and leaves the others as they were."""

from streams.panes import LIFETIME
from streams.partition import Partition
from tests.streams.made_up import DAY, MINUTE, Log, Row, Written, a_folding, fold, moment, writes
from tests.streams.made_up import recovered as restarted

START = moment("2026-10-24T20:00+02:00")
FOLDING = a_folding()
ROWS = Log(seed=1, start=START, step=MINUTE).rows(260, trouble=0)
ADDED = """
[metrics.searches]
title = "t"
definition = "d"
formula = "f"
kind = "count"
events = [{ name = "Feature Used" }]
"""


def checkpoint(rows: list[Row]) -> Written:
    return writes(fold(Partition(FOLDING), rows).snapshot())


def test_a_metric_added_at_a_restart_counts_from_now_on_and_leaves_the_others_alone() -> None:
    rows = ROWS
    wider = a_folding({"added.toml": ADDED})
    recovered = restarted(wider, checkpoint(rows[:200])).partition
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    assert recovered.since[name] == recovered.watermark
    state = fold(recovered, rows).units.held[LIFETIME].state
    straight = fold(Partition(FOLDING), rows).units.held[LIFETIME].state
    assert {key: value for key, value in state.items() if key != name} == straight
    assert (
        sum(state[name].values())
        < fold(Partition(wider), rows).units.held[LIFETIME].state[name][()]
    )


def test_a_metric_added_before_the_first_watermark_does_not_reach_back_for_ever() -> None:
    rows = ROWS[:20]
    wider = a_folding({"added.toml": ADDED})
    recovered = restarted(wider, checkpoint(rows)).partition
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    assert recovered.since[name] > START - DAY
