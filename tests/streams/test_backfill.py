"""Backfill: at the end of an hour or day it says what a scrape would have said then."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec
import pytest

from streams.backfill import Backfill, End
from streams.catalogue import PREFIX, Metric
from streams.folding import Folding
from streams.panes import DAY, GRACE, HOUR, MINUTE, Grain, Pane
from streams.partition import Partition
from streams.persons.measures import MEASURES, Known
from streams.persons.progress import progress_of
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.published import Published
from streams.reading import Reading
from streams.series import Pairs, Series
from streams.windows import AT_THE_HOUR, WINDOWS
from tests.streams.made_up import Log, Row, a_folding, body, fold, iso, moment, published

START = moment("2026-10-23T20:00+02:00")  # two days before clocks go back in Paris
ZONES = ("Europe/Paris", "Asia/Kolkata")
FOLDINGS = {zone: a_folding(zone=zone) for zone in ZONES}
PARIS = FOLDINGS["Europe/Paris"]
CALENDAR = PARIS.calendar
SHARDS = 2
BIT = 50
"""Records that are read at once, but for the first."""


class Event(NamedTuple):
    time: int
    row: Row


def events(seed: int, count: int, step: int) -> list[Event]:
    """Records of every kind, one in five of them up to 20 hours late."""
    rng, log, found = random.Random(seed), Log(seed, START, step), []
    for offset in range(count):
        log.offset, now = offset, START + offset * step
        time = now - (rng.randint(0, 20 * HOUR) if rng.random() < 0.2 else 0)
        value = log._body(time) if offset and rng.random() < 0.9 else stated(rng, offset, time)
        found.append(Event(time, Row(offset, now, value)))
    return found


def stated(rng: random.Random, offset: int, time: int) -> bytes:
    """An answer; the first record says who was subscribed before: nobody."""
    if not offset:
        return body("Subscribers Declared", time=time, properties={"since": iso(START)})
    facts = {"message_id": f"answer {offset}", "user": f"person {rng.randint(0, 200)}"}
    return body("NPS Answered", time=time, properties={"score": rng.randint(0, 10)}, **facts)


class State(NamedTuple):
    partitions: list[Published]
    shards: list[Published]


def state_of(folding: Folding, logs: Sequence[Sequence[Event]], instant: int) -> State:
    """What is published by an instant of logs that were read, and told to shards, bit by bit."""
    partitions = [Partition(folding) for _ in logs]
    shards = [Shard(folding.calendar) for _ in range(SHARDS)]
    size = max(map(len, logs))
    for begin, end in pairwise((0, 1, *range(BIT, size, BIT), size)):
        read = [log[begin:end] for log in logs]
        for partition, bit in zip(partitions, read, strict=True):
            fold(partition, [event.row for event in bit])
        latest = max((event.row.timestamp for bit in read for event in bit), default=instant)
        tell(partitions, shards, min(latest, instant))
    tell(partitions, shards, instant)
    held = [
        published(p, number=n, caught_up_at=instant, at=instant) for n, p in enumerate(partitions)
    ]
    return State(held, [shown(shard, instant) for shard in shards])


def tell(partitions: Sequence[Partition], shards: Sequence[Shard], instant: int) -> None:
    teller, told = Teller(0, instant, instant), []
    for number, partition in enumerate(partitions):
        facts = partition.outbox.take(partition.offset, partition.watermark)
        told.append((number, facts, teller))
    messages = Crossing("", 0, len(partitions), SHARDS).messages(told)
    for shard, message in zip(shards, messages, strict=True):
        shard.take(message, instant)


def shown(shard: Shard, instant: int) -> Published:
    times = {"end_offset": 1, "published_at": instant, "checkpoint_at": 0}
    progress = progress_of(shard, 0, **times)
    assert progress is not None
    return Published(progress, shard.units())


def is_past(metric: Metric, folding: Folding, *, is_day: bool) -> bool:
    """Whether a metric is one of which the past is known, worked out apart."""
    if metric.kind == "ratio":
        sides = (folding.catalogue.metrics[n] for n in (metric.numerator, metric.denominator))
        return all(is_past(side, folding, is_day=is_day) for side in sides)
    past = MEASURES[metric.measure].past if metric.measure else Known.ALWAYS
    return past is Known.ALWAYS or (past is Known.DAY_ENDS and is_day)


def scrape(folding: Folding, logs: Sequence[Sequence[Event]], end: End) -> Reading:
    """What was said at an instant, of what had happened by then; some of it arrived late."""
    known = [[event for event in log if event.time <= end.instant] for log in logs]
    then = state_of(folding, known, end.instant)
    return Reading.of(folding, then.partitions, end.instant, shards=then.shards)


def asked(folding: Folding, reading: Reading, end: End) -> list[Series]:
    """What of a scrape is asked for afterwards."""
    return [
        one
        for one in reading.series
        if one.window in (*end.windows, None)
        and not one.metric.is_total(one.window)
        and not (one.window is None and one.metric.kind == "ratio")
        and is_past(one.metric, folding, is_day=end.is_day)
    ]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("step", [20 * MINUTE, 4 * HOUR])
def test_what_is_said_of_an_instant_is_what_a_scrape_said_then(zone: str, step: int) -> None:
    # 23 Oct 20:00 ├─ 450 records: 6 days, or 75 ─┤
    folding = FOLDINGS[zone]
    logs = [events(seed, 450, step) for seed in range(2)]
    now = START + 450 * step
    backfill = Backfill(folding, *state_of(folding, logs, now))
    ends = [end for end in backfill.ends(0, now) if end.instant < backfill.final_until]
    rng = random.Random(step)
    days = [end for end in ends if end.is_day]
    chosen = {*rng.sample(ends, 5), *rng.sample(days[1:-1], 3), days[0], days[-1]}
    told = set()
    for end in chosen:
        reading, then = backfill.read(end), scrape(folding, logs, end)
        found = {named(one): one.value for one in reading.series}
        assert len(found) == len(reading.series)
        assert found == {named(one): one.value for one in asked(folding, then, end)}
        assert reading.complete == {name: then.complete[name] for name in reading.complete}
        told |= {one.metric.name for one in reading.series}
    assert {"active_users", "churn_ratio", "csat", "nps_responses", "lifecycle_users"} <= told
    assert ("customer_lifetime_value" in told) == (step > HOUR)


def named(one: Series) -> tuple[str, str | None, Pairs]:
    return one.name, one.window, one.labels


def test_what_is_final_does_not_depend_on_when_it_is_read() -> None:
    log = events(5, 400, 20 * MINUTE)
    readings: list[dict[End, Reading]] = []
    for count in (250, 300, 400):
        now = START + count * 20 * MINUTE
        backfill = Backfill(PARIS, *state_of(PARIS, [log[:count]], now))
        ends = [end for end in backfill.ends(0, now) if end.instant < backfill.final_until]
        readings.append({end: backfill.read(end) for end in ends})
    for earlier, later in pairwise(readings):
        assert 24 < len(earlier) < len(later)
        for end, reading in earlier.items():
            assert later[end].series == reading.series
            assert later[end].complete == reading.complete
            assert later[end].overflow == reading.overflow


def snapshot(begun: int, watermark: int, **since: int) -> Backfill:
    """One partition of which only is known how far it is."""
    held = published(fold(Partition(PARIS), []), caught_up_at=watermark, at=watermark)
    known = dict.fromkeys(PARIS.metrics, 0)
    known |= {PARIS.catalogue.fold_id(PARIS.catalogue.metrics[n]): t for n, t in since.items()}
    progress = msgspec.structs.replace(held.progress, begun=begun, watermark=watermark, since=known)
    return Backfill(PARIS, [Published(progress)])


def test_the_pane_of_an_hour_says_what_its_minutes_say_of_estimated_persons_too() -> None:
    times = [START + i * HOUR // 9_000 for i in range(9_000)]
    facts = [{"message_id": f"{i}", "user": f"person {i}"} for i in range(9_000)]
    rows = [
        Row(i, time, body(None, kind="page", time=time, **facts[i])) for i, time in enumerate(times)
    ]
    held, last = [published(fold(Partition(PARIS), rows))], START + HOUR - 1
    minutes, hour = (
        Reading.of(PARIS, held, last, ("1h",), cut=cut) for cut in (WINDOWS, AT_THE_HOUR)
    )
    assert minutes == hour
    (users,) = hour.of_window("active_users", "1h")
    assert users.error > 0


def test_a_session_that_goes_on_counts_where_it_began_as_it_did_then() -> None:
    # 20:00 ├──────── 20:50 ─┤ 21:10 ─ 21:35 ──┤ 22:00
    times = [START + minute * MINUTE for minute in (50, 70, 95)]
    views = [body(None, kind="page", time=time, message_id=f"{time}") for time in times]
    log = [Event(t, Row(i, t, view)) for i, (t, view) in enumerate(zip(times, views, strict=True))]
    backfill = Backfill(PARIS, *state_of(PARIS, [log], START + 2 * HOUR))
    found = []
    for end in backfill.ends(START, START + 2 * HOUR):
        reading, then = backfill.read(end), scrape(PARIS, [log], end)
        found += [one.value for one in reading.of_window("windowed_sessions", "1h")]
        assert set(reading.series) == set(asked(PARIS, then, end))
    assert found == [1, 0]


HOURLY, DAILY = ("1h", "24h", "yesterday"), ("today", "yesterday", "7d", "30d")


def test_hours_and_days_end_where_they_do_when_the_clocks_go_back() -> None:
    # 25 October has 25 hours in Paris; 100 days are kept before
    begin, until = moment("2026-10-25T00:00+02:00"), moment("2026-10-26T00:00+01:00")
    found = list(snapshot(until - 100 * DAY, until + 2 * DAY).ends(begin, until))
    assert [end.instant + 1 for end in found] == [begin + n * HOUR for n in range(1, 26)]
    assert [end.is_day for end in found] == [False] * 24 + [True]
    assert found[0].windows == HOURLY
    assert set(found[-1].windows) == {*HOURLY, *DAILY}


def test_a_local_day_may_end_within_an_hour() -> None:
    folding, midnight = FOLDINGS["Asia/Kolkata"], moment("2026-10-26T00:00+05:30")
    (held,) = snapshot(midnight - 100 * DAY, midnight + 2 * DAY)._partitions
    found = list(Backfill(folding, [held]).ends(midnight - HOUR, midnight + HOUR))
    assert [(end.instant + 1 - midnight, end.windows) for end in found] == [
        (-HOUR // 2, HOURLY),
        (0, DAILY),
        (HOUR // 2, HOURLY),
    ]


@pytest.mark.parametrize("early", [0, 1, HOUR - 1])
def test_an_instant_belongs_to_the_span_that_holds_it(early: int) -> None:
    noon = moment("2026-10-20T12:00+02:00")
    backfill = snapshot(noon - 100 * DAY, noon + DAY)
    assert [end.instant for end in backfill.ends(noon - early, noon + HOUR)] == [
        *([noon - 1] if early else []),
        noon + HOUR - 1,
    ]
    assert list(backfill.ends(noon, noon + HOUR - 1)) == []


def test_a_window_is_told_of_only_where_all_of_it_is_kept() -> None:
    now = moment("2026-10-20T12:00+02:00")
    backfill = snapshot(now - 1000 * DAY, now)
    first = {name: backfill.earliest(name) for name in (*HOURLY, *DAILY)}
    assert first["1h"] == first["24h"] == now - 35 * DAY + HOUR
    assert first["today"] == first["7d"] == first["30d"] == first["yesterday"]
    assert first["today"] is not None
    assert Pane(Grain.DAY, first["today"]) in PARIS.calendar.days_back(now - 399 * DAY, 2)
    for end in backfill.ends(0, now):
        panes = [p for name in end.windows for p in AT_THE_HOUR[name].panes(end.instant, CALENDAR)]
        assert all(CALENDAR.is_kept(pane, now) for pane in panes)


def test_nothing_is_told_from_before_the_first_record() -> None:
    begun = moment("2026-10-20T12:30+02:00")
    (first, *_) = snapshot(begun, begun + 3 * DAY).ends(0, begun + DAY)
    assert first.instant == begun + HOUR // 2 - 1


def test_a_metric_that_was_added_later_is_absent_before() -> None:
    now = moment("2026-10-20T12:00+02:00")
    added = now - 2 * DAY - HOUR // 2
    backfill = snapshot(now - 100 * DAY, now, feature_uses=added)
    for end in backfill.ends(added - HOUR, added + HOUR):
        reading = backfill.read(end)
        told = {name for name, _ in reading.overflow}
        assert ("page_views" in told, "feature_uses" in told) == (True, end.instant > added)


def test_nothing_is_final_that_one_of_all_can_still_change() -> None:
    now = moment("2026-10-20T12:00+02:00")
    (ahead,), (behind,) = (snapshot(now - DAY, at)._partitions for at in (now, now - 5 * HOUR))
    backfill = Backfill(PARIS, [ahead], [behind])
    assert backfill.final_until == now - 5 * HOUR - GRACE
    assert backfill.known_until == now - 5 * HOUR


def test_of_what_is_counted_in_all_and_of_open_sessions_no_past_is_told() -> None:
    now = START + 400 * 20 * MINUTE
    backfill = Backfill(PARIS, *state_of(PARIS, [events(5, 400, 20 * MINUTE)], now))
    told = {one.name for end in backfill.ends(0, now) for one in backfill.read(end).series}
    assert not any(name.endswith("_total") for name in told)
    never = {metric.name for metric in backfill.unknown()}
    assert never == {
        *("buyers", "revenue_per_buyer", "unknown_cancellations", "session_duration_seconds"),
    }
    every = {metric.window_name.removeprefix(PREFIX) for metric in PARIS.catalogue.metrics.values()}
    assert every - told - never <= {"csat", "customer_lifetime_value"}
