"""A metric added at a restart begins there and leaves the others as they were."""

import pytest

from streams.checkpoint import EVER
from streams.losses import OPEN
from streams.panes import FUTURE_LIMIT, LIFETIME
from streams.partition import Partition
from tests.streams.checkpointed import FOLDING, LOGS, START, snapshot_of, steady
from tests.streams.made_up import (
    MINUTE,
    Log,
    Row,
    Written,
    a_folding,
    fold,
    recovered,
    writes,
)

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
    partition = recovered(wider, checkpoint(rows[:200])).partition
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    # What was read before had reached Kafka, and is not further ahead of it.
    assert partition.coverage.since[name] == rows[199].timestamp + FUTURE_LIMIT
    state = fold(partition, rows).units.held[LIFETIME].state
    straight = fold(Partition(FOLDING), rows).units.held[LIFETIME].state
    assert {key: value for key, value in state.items() if key != name} == straight
    assert (
        sum(state[name].values())
        < fold(Partition(wider), rows).units.held[LIFETIME].state[name][()]
    )


@pytest.mark.parametrize("count", [20, 100, 200])
def test_every_pane_that_begins_after_since_has_counted_all_of_a_metric(count: int) -> None:
    # a record a minute: the watermark is up to 128 of them behind
    rows, wider = steady(400, MINUTE), a_folding({"added.toml": ADDED})
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    partition = fold(recovered(wider, checkpoint(rows[:count])).partition, rows)
    straight, since = fold(Partition(wider), rows), partition.coverage.since[name]
    after = [pane for pane in partition.units.held if pane.start >= since and pane != LIFETIME]
    assert len(after) > 20
    for pane in after:
        held = partition.units.held[pane].state[name]
        assert held == straight.units.held[pane].state[name]


def test_what_a_catalogue_without_a_metric_left_behind_counts_from_there_on() -> None:
    # manifest of a worker that counts `searches` │ units of one that does not │ and it dies
    wider = a_folding({"added.toml": ADDED})
    rows = LOGS[MINUTE]
    partition = fold(Partition(wider), rows[:100])
    written = writes(partition.snapshot())
    older = recovered(FOLDING, written).partition
    older.fold(rows[:200])
    written += snapshot_of(older).units
    found = recovered(wider, written).partition
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    assert found.coverage.since[name] == OPEN
    others = found.coverage.since.keys() - {name}
    assert {found.coverage.since[other] for other in others} == {EVER}


def test_what_a_zombie_with_an_older_catalogue_wrote_last_is_not_called_complete() -> None:
    # Z, old catalogue: manifest 90, folds to 288, stands still │ N counts `searches` │ Z wakes
    wider, rows = a_folding({"added.toml": ADDED}), steady(400, MINUTE)
    zombie = fold(Partition(FOLDING), rows[:90])
    written = writes(zombie.snapshot())
    zombie.fold(rows[:288])
    owner = recovered(wider, written).partition
    for end in (283, 286, 380):
        owner.fold(rows[:end])
        written += writes(owner.snapshot())
    written += writes(zombie.snapshot())
    found = fold(recovered(wider, written).partition, rows)
    name = wider.catalogue.fold_id(wider.catalogue.metrics["searches"])
    straight = fold(Partition(wider), rows)
    for pane, unit in found.units.held.items():
        if pane != LIFETIME and pane.start >= found.coverage.since[name]:
            assert unit.state[name] == straight.units.held[pane].state[name]
