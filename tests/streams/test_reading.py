"""Reading: every number of a scrape equals a slow recount of the log at the same instant."""

import pytest

from streams.catalogue import NONE, OTHER
from streams.freshness import FRESH_WITHIN
from streams.panes import NO_WATERMARK, Grain, Pane
from streams.partition import Partition
from streams.published import Published
from streams.reading import EXPORT_LIMIT, Reading, as_of
from streams.unit import OUTCOMES
from streams.windows import WINDOWS
from tests.streams.made_up import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Log,
    Row,
    a_folding,
    body,
    fold,
    moment,
    published,
)
from tests.streams.oracle import Judge, Key, recount

START = moment("2026-10-23T20:00+02:00")
ZONES = ("Europe/Paris", "Asia/Kolkata")
FOLDINGS = {zone: a_folding(zone=zone) for zone in ZONES}
FOLDING = FOLDINGS["Europe/Paris"]
CLOSED = {name: label.values for name, label in FOLDING.catalogue.labels.items()}
RATIOS = ("conversion_ratio", "conversions_per_interaction")


def values_of(reading: Reading) -> dict[Key, float]:
    return {
        ("_".join(filter(None, (s.metric.name, s.part))), s.window, s.labels): s.value
        for s in reading.series
    }


def feature(offset: int, time: int = START, name: object = "a", user: str = "u") -> Row:
    properties = {"feature": name}
    return Row(
        offset, time, body(message_id=str(offset), time=time, user=user, properties=properties)
    )


def read(rows: list[Row], instant: int = START) -> Reading:
    return Reading.of(FOLDING, [published(fold(Partition(FOLDING), rows))], instant)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("step", [SECOND, 20 * SECOND, 5 * MINUTE, 2 * HOUR])
@pytest.mark.parametrize("after", [0, 30 * SECOND, HOUR, 3 * DAY])
def test_every_value_equals_a_slow_recount(zone: str, step: int, after: int) -> None:
    folding = FOLDINGS[zone]
    logs = [Log(seed, START, step).rows(250 + 100 * seed, trouble=0.2) for seed in range(3)]
    partitions = [fold(Partition(folding), log, [70] * 5) for log in logs]
    instant = max(partition.watermark for partition in partitions) + after
    reading = Reading.of(folding, [published(p) for p in partitions], instant)
    found = {key: value for key, value in values_of(reading).items() if key[0] not in RATIOS}
    expected = recount(logs, instant, zone, CLOSED)
    money = {key: value / 1e6 for key, value in expected.items() if key[0] == "revenue"}
    assert {key: value for key, value in found.items() if value} == {
        key: value for key, value in (expected | money).items() if value
    }


@pytest.mark.parametrize("step", [SECOND, MINUTE, HOUR])
def test_outcomes_equal_a_slow_judgement(step: int) -> None:
    log = Log(3, START, step).rows(1500, trouble=0.5)
    judge = Judge()
    expected: dict[tuple[str, ...], int] = {}
    for row in log:
        outcome = (judge.outcome(row),)
        expected[outcome] = expected.get(outcome, 0) + 1
    partition = fold(Partition(FOLDING), log, [100] * 5)
    (lifetime,) = (unit for pane, unit in partition.units.held.items() if str(pane) == "lifetime/0")
    assert lifetime.state[OUTCOMES] == expected


def test_ratios_are_their_numerator_over_their_denominator() -> None:
    # 4 persons, one signed up twice: 1 / 4 of the active, 2 / 5 of the interactions
    rows = [feature(i, user=f"u{i}") for i in range(3)]
    rows += [Row(i, START, body("Signed Up", message_id=str(i), time=START)) for i in (3, 4)]
    found = values_of(read(rows))
    assert found["conversion_ratio", "5m", (("goal", "signup"),)] == 1 / 4
    assert found["conversions_per_interaction", "5m", (("goal", "signup"),)] == 2 / 5
    assert found["conversion_ratio", "5m", (("goal", "order"),)] == 0


def test_ratios_of_nothing_are_absent() -> None:
    found = values_of(read([feature(0)], START + 10 * MINUTE))
    windows = {key[1] for key in found if key[0] == "conversion_ratio"}
    assert windows == set(WINDOWS) - {"5m", "yesterday"}
    assert not any(key[0] in RATIOS for key in values_of(read([])))


@pytest.mark.parametrize(("minimum", "shown"), [(0, True), (4, True), (5, False)])
def test_a_ratio_of_less_than_its_minimum_is_absent(minimum: int, shown: bool) -> None:  # noqa: FBT001
    # 4 persons were active
    mine = f"""
[metrics.conversion_ratio]
title = "t"
definition = "d"
formula = "f"
kind = "ratio"
numerator = "converting_users"
denominator = "active_users"
labels = ["goal"]
minimum = {minimum}
"""
    folding = a_folding({"mine.toml": mine})
    rows = [feature(i, user=f"u{i}") for i in range(4)]
    held = published(fold(Partition(folding), rows))
    reading = Reading.of(folding, [held], START)
    assert any(reading.of_window("conversion_ratio", "5m")) == shown


def test_no_share_exceeds_one() -> None:
    log = Log(5, START, SECOND).rows(400)
    found = values_of(read(log, START + HOUR))
    assert all(0 <= value <= 1 for key, value in found.items() if key[0] in RATIOS)


def test_closed_sets_are_zero_before_their_first_event() -> None:
    found = values_of(read([]))
    zeros = {
        ("conversions", "goal", ("signup", "order", "subscription")),
        ("converting_users", "goal", ("signup", "order", "subscription")),
        ("cancellations", "plan", ("free", "starter", "pro", "enterprise")),
        ("shares", "channel", CLOSED["channel"]),
        ("mentions", "channel", CLOSED["channel"]),
    }
    expected = {
        (name, window, ((label, value),)): 0.0
        for name, label, values in zeros
        for window in WINDOWS
        for value in values
    }
    windowed = {key: value for key, value in found.items() if key[1] is not None}
    names = ("active_users", "interactions", "csat_responses")
    unlabelled = {(name, w, ()): 0.0 for name in names for w in WINDOWS}
    assert windowed == expected | unlabelled
    assert found["shares", None, (("channel", "email"),)] == 0
    assert not any(key[0] == "revenue" for key in found)


def test_a_window_falls_to_zero_when_time_goes_on() -> None:
    # record │ as of ▶ 4 min: still in 5m │ 5 min: gone
    partition = published(fold(Partition(FOLDING), [feature(0)]))
    readings = [Reading.of(FOLDING, [partition], START + m * MINUTE) for m in (4, 5)]
    assert [values_of(r)["interactions", "5m", ()] for r in readings] == [1, 0]


def test_partitions_read_together_equal_one_that_holds_everything() -> None:
    rows = [feature(i, user=f"person {i * 7 % 6000}", name=str(i % 20)) for i in range(12_000)]
    parts = [[row for row in rows if row.offset // 50 % 3 == part] for part in range(3)]
    held = [published(fold(Partition(FOLDING), part)) for part in parts]
    together = Reading.of(FOLDING, held, START)
    alone = read(rows)
    assert {s[1:] for s in together.series} == {s[1:] for s in alone.series}
    users = next(together.of_window("active_users", "24h"))
    assert users.error > 0
    assert abs(users.value - 6000) <= 4 * users.error


def test_only_the_largest_series_of_an_open_label_are_exported_the_rest_as_other() -> None:
    rows = [feature(i, name=f"feature {i % (EXPORT_LIMIT + 20)}") for i in range(EXPORT_LIMIT * 2)]
    reading = read(rows)
    found = {s.labels[0][1]: s.value for s in reading.of_window("feature_uses", "1h")}
    assert len(found) == EXPORT_LIMIT + 1
    assert found[OTHER] == 20
    assert sum(found.values()) == len(rows)
    assert reading.overflow["feature_uses", "1h"]
    assert not reading.overflow["page_views", "1h"]
    totals = [s.value for s in reading.of_window("feature_uses", None)]
    assert len(totals) == EXPORT_LIMIT + 20


def test_a_limit_of_a_pane_is_told_as_overflow() -> None:
    folding = a_folding({"f.toml": '[labels.feature]\nproperty = "feature"\nlimit = 2'})
    held = published(fold(Partition(folding), [feature(i, name=str(i)) for i in range(3)]))
    reading = Reading.of(folding, [held], START)
    assert reading.overflow["feature_uses", "5m"]
    assert {s.labels[0][1] for s in reading.of_window("feature_uses", "5m")} == {"0", "1", OTHER}


def test_events_without_the_property_are_told_apart() -> None:
    found = values_of(read([feature(0, name=None)]))
    assert found["feature_uses", "5m", (("feature", NONE),)] == 1


def partition_at(*, watermark: int, caught_up_at: int) -> Published:
    held = published(Partition(FOLDING), caught_up_at=caught_up_at, at=START)
    fields = {name: getattr(held.progress, name) for name in held.progress.__struct_fields__}
    return Published(type(held.progress)(**(fields | {"watermark": watermark})))


AS_OF = [
    # caught up just now: that instant │ long ago: the later of that and the watermark
    ([(START - HOUR, START)], START),
    ([(START - HOUR, START - FRESH_WITHIN)], START - FRESH_WITHIN),
    ([(START - HOUR, START - FRESH_WITHIN - 1)], START - FRESH_WITHIN - 1),
    ([(START - HOUR, START - 2 * HOUR)], START - HOUR),
    ([(START - HOUR, 0)], START - HOUR),
    ([(START - HOUR, START), (START - 2 * HOUR, START - 10)], START - 10),
    ([(START - HOUR, START), (START - 2 * HOUR, 0)], START - 2 * HOUR),
]


@pytest.mark.parametrize(("partitions", "expected"), AS_OF)
def test_one_instant_is_what_no_partition_is_behind(
    partitions: list[tuple[int, int]], expected: int
) -> None:
    held = [partition_at(watermark=w, caught_up_at=c) for w, c in partitions]
    assert as_of(held) == expected


def test_there_is_no_instant_before_the_first_watermark_or_end() -> None:
    # fewer than 64 records, and the end of the partition not reached
    held = published(fold(Partition(FOLDING), [feature(0)]), at=START)
    assert as_of([held]) == NO_WATERMARK


def test_a_window_is_complete_once_the_data_reaches_back_over_all_of_it() -> None:
    # since ├──── data: 5 days ────┤ as of
    rows = [feature(i, START + i * HOUR // 4) for i in range(64 * 8)]
    held = published(fold(Partition(FOLDING), rows))
    reading = Reading.of(FOLDING, [held], held.progress.watermark)
    assert reading.complete == dict.fromkeys(WINDOWS, True) | {"7d": False, "30d": False}
    assert reading.final_until == held.progress.watermark - DAY
    empty = published(Partition(FOLDING))
    assert not any(Reading.of(FOLDING, [empty], START).complete.values())


def test_a_partition_that_was_added_reaches_back_as_far_as_the_topic() -> None:
    # partition 0: 5 days of data │ partition 1: added today, read from its first record
    old = fold(Partition(FOLDING), [feature(i, START + i * HOUR // 4) for i in range(64 * 8)])
    now = old.watermark
    new = fold(Partition(FOLDING), [feature(i, now + i) for i in range(64 * 2)])
    later = fold(Partition(FOLDING, offset=64), [feature(i, now + i) for i in range(64, 64 * 3)])
    both = [published(old), published(new)]
    assert Reading.of(FOLDING, both, now).complete["24h"]
    both = [published(old), published(later)]
    assert not Reading.of(FOLDING, both, now).complete["24h"]


def test_a_window_in_which_something_was_lost_is_not_complete() -> None:
    # ├──── 5 days ────┤ a loss of a minute 2 hours before the end
    partition = fold(Partition(FOLDING), [feature(i, START + i * HOUR // 4) for i in range(64 * 8)])
    now = partition.watermark
    whole = Reading.of(FOLDING, [published(partition)], now).complete
    partition.losses.declare_unit(now - 2 * HOUR, now - 2 * HOUR + MINUTE, "several", 0)
    found = Reading.of(FOLDING, [published(partition)], now).complete
    changed = {name for name in whole if whole[name] != found[name]}
    assert "24h" in changed
    assert not changed & {"5m", "1h"}


def test_a_lost_unit_touches_only_the_windows_made_of_such_panes() -> None:
    partition = fold(Partition(FOLDING), [feature(i, START + i * HOUR // 4) for i in range(64 * 8)])
    now = partition.watermark
    start = now - now % HOUR - 2 * HOUR
    partition.losses.declare_unit(start, start + HOUR, str(Pane(Grain.HOUR, start)), 0)
    found = Reading.of(FOLDING, [published(partition)], now).complete
    assert not found["24h"]
    assert found["today"]
    assert found["1h"]


def test_a_partition_without_events_does_not_make_a_window_incomplete() -> None:
    rows = [feature(i, START + i * HOUR // 4) for i in range(64 * 8)]
    held = published(fold(Partition(FOLDING), rows))
    empty = published(Partition(FOLDING))
    assert Reading.of(FOLDING, [held, empty], held.progress.watermark).complete["today"]


def test_a_window_is_absent_when_a_partition_ahead_has_dropped_a_part_of_it() -> None:
    # as of │ partition 0, 3 h behind          partition 1, caught up, keeps 2 h of minutes │
    rows = [feature(i, START + i * MINUTE) for i in range(64 * 8)]
    behind = published(fold(Partition(FOLDING), rows[: 64 * 4]))
    ahead = published(fold(Partition(FOLDING), rows))
    instant = behind.progress.watermark
    reading = Reading.of(FOLDING, [behind, ahead], instant)
    assert not list(reading.of_window("feature_uses", "5m"))
    assert not list(reading.of_window("feature_uses", "1h"))
    assert list(reading.of_window("feature_uses", "24h"))
