"""The fold of one partition: the same log gives the same state, however it is cut."""

import random

import pytest

from streams.aggregates import Persons
from streams.catalogue import NONE, OTHER
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME, Grain, Pane
from streams.partition import Partition
from tests.streams.made_up import (
    DAY,
    HOUR,
    Log,
    Row,
    a_folding,
    body,
    fold,
    labels_of,
    moment,
    random_sizes,
    small_partition,
)

START = moment("2026-10-24T20:00+02:00")


def the_log(count: int = 3000) -> list[Row]:
    """From the evening before the 25-hour day to well after it, with every kind of trouble."""
    return Log(seed=7, start=START, step=40_000).rows(count)


@pytest.fixture(scope="module")
def log() -> list[Row]:
    return the_log()


def test_the_same_log_gives_the_same_state_in_any_batches(log: list[Row]) -> None:
    rng = random.Random(50)
    expected = fold(small_partition(), log, [1] * len(log)).canonical()
    for _ in range(50):
        found = fold(small_partition(), log, random_sizes(rng, len(log))).canonical()
        assert found == expected
    assert fold(small_partition(), log).canonical() == expected


def test_the_log_of_these_tests_has_every_kind_of_trouble(log: list[Row]) -> None:
    partition = fold(small_partition(), log)
    state = partition.units.held[LIFETIME].state
    assert {labels[0] for labels in state["outcomes"]} == set(OUTCOMES)
    assert len(state["dead_letters"]) >= 4
    assert len(state["skipped"]) >= 4
    assert sum(state["identity_links"].values()) > 50
    for name in ("page_views", "feature_uses", "feature_money", "feature_score"):
        assert OTHER in labels_of(partition, name)


def test_snapshots_between_batches_do_not_change_the_state(log: list[Row]) -> None:
    rng = random.Random(3)
    plain, watched = fold(small_partition(), log), small_partition()
    start = 0
    for size in random_sizes(rng, len(log)):
        watched.fold(log[start : start + size])
        start += size
        watched.snapshot()
        watched.canonical()
    assert watched.canonical() == plain.canonical()


def test_every_record_has_exactly_one_outcome(log: list[Row]) -> None:
    partition = fold(small_partition(), log, [100] * 30)
    outcomes = partition.units.held[LIFETIME].state["outcomes"]
    assert sum(outcomes.values()) == len(log)
    dead = partition.units.held[LIFETIME].state["dead_letters"]
    assert sum(dead.values()) == outcomes["dead_letter",]


def test_dead_letters_carry_their_offset_reason_and_bytes() -> None:
    rows = [
        Row(10, START, body(time=START)),
        Row(12, START, b"{"),
        Row(13, START, None),
        Row(14, -1, body()),
    ]
    letters = Partition(a_folding()).fold(rows)
    assert [(d.offset, d.rejected.reason, d.value) for d in letters] == [
        (12, "not_json", b"{"),
        (13, "not_json", None),
        (14, "bad_time", body()),
    ]


def test_records_before_the_next_offset_are_skipped(log: list[Row]) -> None:
    partition = fold(small_partition(), log)
    before = partition.canonical()
    assert partition.fold(log) == []
    assert partition.fold([]) == []
    assert partition.canonical() == before


@pytest.mark.parametrize("timestamp", [-(1 << 63), -1, 0, 253402300799999, (1 << 63) - 1])
def test_a_poisoned_timestamp_of_kafka_never_raises(timestamp: int) -> None:
    rows = [Row(0, timestamp, body()), Row(1, timestamp, body(message_id="n", time=START))]
    partition = Partition(a_folding())
    assert len(partition.fold(rows)) == 1
    assert partition.units.held[LIFETIME].state["outcomes"]["accepted",] == 1
    assert partition.snapshot()
    assert partition.canonical()


def test_a_record_counts_in_every_pane_still_kept() -> None:
    # watermark ▲   one record each: now, 3 hours ago (its minute is gone), all within the grace
    partition = Partition(a_folding())
    rows = [Row(i, START, body(message_id=str(i), time=START)) for i in range(65)]
    partition.fold([*rows, Row(65, START, body(message_id="x", time=START - 3 * HOUR))])
    hour, minute = Pane(Grain.HOUR, START - 3 * HOUR), Pane(Grain.MINUTE, START - 3 * HOUR)
    assert labels_of(partition, "feature_uses", hour) == {NONE: 1}
    assert minute not in partition.units.held
    assert labels_of(partition, "feature_uses") == {NONE: 66}


def test_panes_that_are_over_hold_no_tables_after_a_snapshot(log: list[Row]) -> None:
    partition = fold(small_partition(), log[:1000])
    partition.snapshot()
    seen = set()
    for pane, unit in partition.units.held.items():
        held = [one for series in unit.state.values() for one in series.values()]
        has_tables = any(isinstance(one, Persons) and one.fresh is not None for one in held)
        is_over = partition.folding.calendar.end(pane) <= partition.judge.place.watermark
        assert not (has_tables and is_over), pane
        seen.add((has_tables, is_over))
    assert seen >= {(True, False), (False, True)}


def test_panes_are_dropped_and_buried_when_they_are_no_longer_kept() -> None:
    # ├ minute of START ┤·· 2 h ··│ watermark: dropped, its key gets a tombstone
    partition = Partition(a_folding())
    first = Pane(Grain.MINUTE, START)
    partition.fold([Row(0, START, body(time=START))])
    partition.snapshot()
    later = START + 3 * HOUR
    rows = [Row(i, later, body(message_id=str(i), time=later)) for i in range(1, 129)]
    partition.fold(rows)
    snapshot = partition.snapshot()
    assert snapshot is not None
    assert first not in partition.units.held
    assert (str(first), None) in snapshot.tombstones
    assert str(first) not in dict(snapshot.units)


def test_one_percent_of_clocks_a_year_ahead_make_no_one_late() -> None:
    rng = random.Random(5)
    year = 365 * DAY
    rows = []
    for offset in range(3000):
        now = START + offset * 1000
        time = now + year if rng.random() < 0.01 else now
        rows.append(Row(offset, time, body(message_id=str(offset), time=time)))
    outcomes = fold(Partition(a_folding()), rows).units.held[LIFETIME].state["outcomes"]
    assert outcomes == {("accepted",): 3000}


def test_what_changed_is_snapshotted_once() -> None:
    partition = Partition(a_folding())
    assert partition.snapshot() is None
    partition.fold(the_log(200))
    first = partition.snapshot()
    assert first is not None
    assert {key for key, _ in first.units} >= {str(pane) for pane in partition.units.held}
    assert partition.snapshot() is None
    last = partition.offset
    now = START + 5 * HOUR
    partition.fold([Row(last, now, body(message_id="new", time=now))])
    second = partition.snapshot()
    assert second is not None
    changed = [key for key, _ in second.units if not key.startswith("ids/")]
    assert len(changed) == len(Grain)


def test_minutes_of_the_hour_that_comes_twice_are_kept_apart() -> None:
    # 25 October, Europe/Paris: 02:30 at 00:30Z and again at 01:30Z; one local day, two hours
    times = [moment("2026-10-25T00:30Z"), moment("2026-10-25T01:30Z")]
    rows = [Row(i, time, body(message_id=str(i), time=time)) for i, time in enumerate(times)]
    units = fold(Partition(a_folding()), rows).units.held
    grains = [pane.grain for pane in units]
    assert [grains.count(grain) for grain in Grain] == [2, 2, 1, 1]
    (day,) = (pane for pane in units if pane.grain is Grain.DAY)
    assert day.start == moment("2026-10-24T22:00Z")
