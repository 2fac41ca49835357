"""History: every day of every metric equals a slow recount, and remembering changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from streams.figures import Figure, Figures
from streams.folding import Folding
from streams.history import Day, Extremes, History, Point, extremes, points
from streams.panes import Grain, Pane
from streams.partition import Partition
from streams.persons.progress import progress_of
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.published import Published
from streams.reading import Reading
from streams.windows import WINDOWS
from tests.streams.made_up import (
    DAY,
    HOUR,
    MINUTE,
    Log,
    Row,
    a_folding,
    body,
    fold,
    moment,
    published,
)
from tests.streams.oracle import Key, recount

START = moment("2026-10-23T20:00+02:00")  # two days before clocks go back in Paris
ZONES = ("Europe/Paris", "Asia/Kolkata")
FOLDINGS = {zone: a_folding(zone=zone) for zone in ZONES}
PARIS = FOLDINGS["Europe/Paris"]
CLOSED = {name: label.values for name, label in PARIS.catalogue.labels.items()}
RATIOS = ("conversion_ratio", "conversions_per_interaction")


def values_of(day: Day) -> dict[Key, float]:
    return {
        ("_".join(filter(None, (s.metric.name, s.part))), s.window, s.labels): s.value
        for s in day.reading.series
        if s.value and s.metric.name not in RATIOS
    }


def days_of(partitions: list[Published], instant: int, count: int = 7) -> list[Day]:
    return History(PARIS, count).read(partitions, instant)


def view(row_number: int, time: int) -> Row:
    facts = {"message_id": str(row_number), "user": f"u{row_number}"}
    return Row(row_number, time, body(None, kind="page", name="Home", time=time, **facts))


@given(
    zone=st.sampled_from(ZONES),
    seed=st.integers(0, 1_000),
    step=st.sampled_from([20 * MINUTE, HOUR, 2 * HOUR]),
    after=st.integers(0, 3 * DAY),
)
def test_every_day_of_every_metric_equals_a_slow_recount(
    zone: str, seed: int, step: int, after: int
) -> None:
    folding = FOLDINGS[zone]
    logs = [Log(seed + i, START, step).rows(120, trouble=0.2) for i in range(2)]
    held = [published(fold(Partition(folding), log, [50])) for log in logs]
    instant = max(START, *(p.progress.watermark for p in held)) + after
    for day in History(folding, 5).read(held, instant):
        last = min(instant, folding.calendar.end(day.pane) - 1)
        expected = recount(logs, last, zone, CLOSED)
        expected |= {key: value / 1e6 for key, value in expected.items() if key[0] == "revenue"}
        assert values_of(day) == {
            key: value for key, value in expected.items() if value and key[1] == "today"
        }


@given(sizes=st.lists(st.integers(1, 90), min_size=1, max_size=6), seed=st.integers(0, 1_000))
def test_what_is_remembered_is_what_would_be_read_anew(sizes: list[int], seed: int) -> None:
    rows = Log(seed, START, 2 * HOUR).rows(sum(sizes), trouble=0.2)
    partition, history = Partition(PARIS), History(PARIS, 6)
    held = published(partition)
    instant = START
    for size in sizes:
        fold(partition, rows[:size])
        del rows[:size]
        new = published(partition)
        kept = {pane: held.units[pane] for pane in held.units if unchanged(held, new, pane)}
        held = Published(new.progress, new.units | kept)
        instant = max(instant, partition.watermark)
        remembered = history.read([held], instant)
        anew = History(PARIS, 6).read([held], instant)
        assert list(map(told_of, remembered)) == list(map(told_of, anew))


def told_of(day: Day) -> tuple[object, ...]:
    return day.complete, day.final, day.begun, day.reading.series, day.reading.overflow


def unchanged(old: Published, new: Published, pane: Pane) -> bool:
    aggregates = PARIS.aggregates
    return pane in new.units and (
        old.units[pane].store(aggregates) == new.units[pane].store(aggregates)
    )


def test_a_day_whose_units_did_not_change_is_not_read_again() -> None:
    rows = [view(i, START + i * HOUR // 4) for i in range(64 * 8)]
    partition = fold(Partition(PARIS), rows)
    held = published(partition)
    history = History(PARIS, 4)
    before = history.read([held], partition.watermark)
    again = history.read([held], partition.watermark + MINUTE)
    same = [one.reading is other.reading for one, other in zip(before, again, strict=True)]
    assert same == [True, True, True, False]  # the day that is running is another instant


def test_a_loss_that_is_declared_later_makes_a_remembered_day_incomplete() -> None:
    rows = [view(i, START + i * HOUR // 4) for i in range(64 * 8)]
    partition = fold(Partition(PARIS), rows)
    history, now = History(PARIS, 3), partition.watermark
    held = published(partition)
    assert history.read([held], now)[-2].complete
    partition.losses.declare_unit(now - DAY, now - DAY + MINUTE, "several", 0)
    changed = Published(published(partition).progress, held.units)
    assert not history.read([changed], now)[-2].complete


def test_a_day_is_complete_when_it_is_over_and_counted_from_its_beginning() -> None:
    # 23 Oct 20:00 ├── data ──┤ watermark 28 Oct 18:45
    rows = [view(i, START + i * HOUR // 4) for i in range(64 * 8)]
    partition = fold(Partition(PARIS), rows)
    found = days_of([published(partition)], partition.watermark, 8)
    assert [(d.date.day, d.begun, d.complete, d.final) for d in found] == [
        (21, False, False, True),
        (22, False, False, True),
        (23, True, False, True),
        *((number, True, True, True) for number in (24, 25, 26)),
        (27, True, True, False),
        (28, True, False, False),
    ]


def test_before_anything_was_counted_there_is_nothing_not_zero() -> None:
    partition = fold(Partition(PARIS), [view(0, START)])
    metric = PARIS.catalogue.metrics["active_users"]
    found = points(metric, (), days_of([published(partition)], START + HOUR, 3))
    assert [None if p.figure is None else p.figure.value for p in found] == [None, None, 1]


def test_a_score_has_days_and_those_of_too_few_answers_keep_their_number() -> None:
    # 24 Oct ├ 12 answers ┤ 25 Oct ├ 3 answers ┤ 26 Oct ├ none
    start, scores = moment("2026-10-24T10:00+02:00"), [5] * 9 + [1] * 3 + [5] * 3
    times = [start] * 12 + [start + DAY] * 3
    rows = [
        Row(i, time, body("CSAT Answered", message_id=str(i), time=time, properties=given))
        for i, (time, score) in enumerate(zip(times, scores, strict=True))
        for given in [{"score": score}]
    ]
    held = published(fold(Partition(PARIS), rows))
    found = points(PARIS.catalogue.metrics["csat"], (), days_of([held], start + 2 * DAY, 4))
    assert [p.figure for p in found] == [
        None,
        Figure(0.75, 0, n=12, least=3, beside=(("average", 4.0),)),
        Figure(None, 0, n=3, least=3),
        Figure(None, 0, n=0, least=0),
    ]
    assert [p.value for p in found] == [None, 0.75, None, None]


class Made(NamedTuple):
    value: float | None
    complete: bool


def point(number: int, made: Made) -> Point:
    reading = Reading(0, complete={"today": made.complete})
    day = Day(
        Pane(Grain.DAY, number * DAY),
        date.fromordinal(1 + number),
        reading,
        Figures(PARIS.catalogue, []),
        over=True,
        final=False,
        begun=True,
    )
    return Point(day, Figure(made.value, 0, None, None))


@given(st.lists(st.builds(Made, st.none() | st.integers(-3, 3), st.booleans()), max_size=12))
def test_high_and_low_are_the_latest_extremes_of_the_complete_days(found: list[Made]) -> None:
    told = extremes(point(i, made) for i, made in enumerate(found))
    complete = [
        (i, made.value) for i, made in enumerate(found) if made.complete and made.value is not None
    ]
    if not complete:
        assert told is None
        return
    assert isinstance(told, Extremes)
    high, low = max(v for _, v in complete), min(v for _, v in complete)
    assert told.high.day.date.toordinal() - 1 == max(i for i, v in complete if v == high)
    assert told.low.day.date.toordinal() - 1 == max(i for i, v in complete if v == low)


def test_a_reading_of_some_windows_is_a_part_of_the_whole_reading() -> None:
    folding: Folding = PARIS
    held = [published(fold(Partition(folding), Log(1, START, MINUTE).rows(300)))]
    whole = Reading.of(folding, held, START + HOUR)
    for name in (None, *WINDOWS):
        part = Reading.of(folding, held, START + HOUR, (name,))
        assert part.series == [s for s in whole.series if s.window == name]
        assert part.complete == {w: f for w, f in whole.complete.items() if w == name}


STICKINESS, LIFECYCLE = (
    PARIS.catalogue.metrics[name] for name in ("stickiness_ratio", "lifecycle_users")
)
NEW = (("state", "new"),)


def shard_of(rows: list[Row]) -> Published:
    """The persons of rows, as a shard would publish them."""
    partition, shard = fold(Partition(PARIS), rows), Shard(PARIS.calendar)
    told, now = partition.take_told(), rows[-1].timestamp
    assert told is not None
    (message,) = Crossing("", 0, 1, 1).messages([(0, told, Teller(0, now, now))])
    shard.take(message, now)
    times = {"end_offset": 1, "published_at": now, "checkpoint_at": 0}
    progress = progress_of(shard, 0, **times)
    assert progress is not None
    return Published(progress, shard.units())


def test_of_what_has_no_windows_a_day_tells_what_was_said_when_it_was_over() -> None:
    # 24 Oct: u0, u1   25 Oct: u0, u2   26 Oct: nobody yet
    noon = moment("2026-10-24T12:00+02:00")
    events = [(noon, "u0"), (noon, "u1"), (noon + DAY, "u0"), (noon + DAY, "u2")]
    rows = [
        Row(i, time, body(None, kind="page", time=time, message_id=str(i), user=user))
        for i, (time, user) in enumerate(events)
    ]
    shard, held = shard_of(rows), published(fold(Partition(PARIS), rows))
    found = History(PARIS, 3).read([held], noon + 2 * DAY, [shard])
    assert [point.value for point in points(STICKINESS, (), found)] == [1, 2 / 3, None]
    assert [point.value for point in points(LIFECYCLE, NEW, found)] == [2, 1, None]


def test_of_subscribers_a_day_tells_how_many_there_were_at_its_end() -> None:
    # 24 Oct: u0, u1 subscribe   25 Oct: u0 cancels   26 Oct: u2 subscribes, 18:00 is now
    noon = moment("2026-10-24T12:00+02:00")
    events = [
        ("Subscription Started", noon, "u0"),
        ("Subscription Started", noon, "u1"),
        ("Subscription Cancelled", noon + DAY, "u0"),
        ("Subscription Started", noon + 2 * DAY, "u2"),
    ]
    rows = [
        Row(
            i,
            time,
            body(event, time=time, message_id=str(i), user=user, properties={"plan": "pro"}),
        )
        for i, (event, time, user) in enumerate(events)
    ]
    shard, held = shard_of(rows), published(fold(Partition(PARIS), rows))
    found = History(PARIS, 3).read([held], noon + 3 * DAY, [shard])
    subscribers = PARIS.catalogue.metrics["subscribers"]
    pro = (("plan", "pro"),)
    assert [point.value for point in points(subscribers, pro, found)] == [1, 2, None]


def test_a_day_is_read_again_when_a_day_changed_that_it_is_compared_with() -> None:
    rows = [view(i, START + i * HOUR // 4) for i in range(64 * 8)]
    held, shard, history = published(fold(Partition(PARIS), rows)), shard_of(rows), History(PARIS)
    now = held.progress.watermark
    before = history.read([held], now, [shard])
    (day, *_) = (pane for pane in shard.units if pane == before[-4].pane)
    changed = Published(shard.progress, shard.units | {day: replace(shard.units[day])})
    again = history.read([held], now, [changed])
    same = [one.figures is other.figures for one, other in zip(before, again, strict=True)]
    assert same == [True] * 26 + [False] * 4
