"""Disturbed records are what they claim, judged from their bytes alone."""

import collections
import itertools
import json
import random
import sys
from zoneinfo import ZoneInfo

import pytest

from tests.simulator.outcome_model import dead_letter_reason, outcomes
from tidegauge.simulator import Disturbances
from tidegauge.simulator.broken import FAULTS, Fault
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.people import Population
from tidegauge.simulator.record import Record
from tidegauge.simulator.traffic import Traffic

UTC = ZoneInfo("UTC")
NOON_MS = 1_767_956_400_000
HOUR_MS = 3_600_000
MANY = Disturbances(late=0.03, out_of_order=0.1, duplicate=0.05, broken=0.05, future=0.03, bot=0.05)
REASONS = {
    *("not_json", "not_object", "wrong_type", "missing_field", "unknown_type"),
    *("bad_time", "too_large", "too_deep", "invalid_utf8"),
}


def claims(records: list[Record]) -> list[str]:
    return [record.truth.reason or record.truth.outcome for record in records]


def live(feed: Feed, start_ms: int, step_ms: int, count: int) -> list[Record]:
    feed.begin(1000 / step_ms)
    times = range(start_ms, sys.maxsize, step_ms)
    return list(itertools.islice(itertools.chain.from_iterable(map(feed.records, times)), count))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_broken_kind_is_what_it_claims(fault: Fault) -> None:
    rng = random.Random(5)
    traffic = Traffic(Population(50, rng), 5, rng)
    for _ in range(100):
        payload = traffic.event(NOON_MS).payload
        assert dead_letter_reason(json.dumps(payload).encode()) is None
        assert dead_letter_reason(fault.damage(payload)) == fault.reason


def test_every_reason_has_a_broken_kind() -> None:
    assert {fault.reason for fault in FAULTS} == REASONS


def test_no_broken_record_but_the_large_one_is_large() -> None:
    rng = random.Random(5)
    payload = Traffic(Population(50, rng), 5, rng).event(NOON_MS).payload
    for fault in FAULTS:
        assert (len(fault.damage(payload)) > 131_072) == (fault.reason == "too_large")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("partitions", [1, 4])
def test_live_outcomes_after_history_follow_the_contract(seed: int, partitions: int) -> None:
    feed = Feed(partitions, UTC, seed, MANY, people=300)
    records = list(feed.history(NOON_MS - 840 * HOUR_MS, NOON_MS, 5_000))
    records += live(feed, NOON_MS, step_ms=2, count=12_000)
    assert outcomes(records) == claims(records)


@pytest.mark.parametrize("step_ms", [1, 40, 700, 5_000, 60_000])
def test_outcomes_follow_the_contract_at_any_rate(step_ms: int) -> None:
    records = live(Feed(3, UTC, 11, MANY, people=300), NOON_MS, step_ms, 10_000)
    assert outcomes(records) == claims(records)


@pytest.mark.parametrize("span_hours", [0.01, 1, 19])
@pytest.mark.parametrize("count", [800, 30_000])
def test_preload_outcomes_follow_the_contract(count: int, span_hours: float) -> None:
    feed = Feed(4, UTC, 2, MANY, people=300)
    records = list(feed.preload(NOON_MS, NOON_MS + int(span_hours * HOUR_MS), count))
    assert len(records) == count
    assert outcomes(records) == claims(records)


def test_a_second_phase_days_later_begins_without_late_records_and_duplicates() -> None:
    feed = Feed(2, UTC, 2, MANY, people=300)
    records = live(feed, NOON_MS, step_ms=2, count=4_000)
    records += live(feed, NOON_MS + 90 * HOUR_MS, step_ms=2, count=4_000)
    assert outcomes(records) == claims(records)


def test_nothing_is_late_before_every_partition_has_256_records() -> None:
    records = live(Feed(4, UTC, 2, MANY, people=300), NOON_MS, step_ms=2, count=20_000)
    before: collections.Counter[int] = collections.Counter()
    for record in records:
        if record.truth.outcome in {"late", "duplicate"}:
            assert before[record.partition] >= 256
        before[record.partition] += 1


def test_default_shares_are_met() -> None:
    records = live(Feed(4, UTC, 2, Disturbances(), people=300), NOON_MS, 1, 100_000)
    shares = collections.Counter(record.truth.outcome for record in records)
    delayed = sum(r.timestamp_ms - r.truth.time_ms >= 2_000 for r in records) - shares["late"]
    assert shares["late"] == pytest.approx(500, rel=0.2)
    assert delayed == pytest.approx(2_000, rel=0.2)
    assert shares["duplicate"] == pytest.approx(1_000, rel=0.2)
    assert shares["dead_letter"] == pytest.approx(500, rel=0.2)
    assert shares["future"] == pytest.approx(200, rel=0.25)
    assert shares["bot"] == pytest.approx(1_000, rel=0.2)


def test_duplicates_are_the_same_bytes_on_the_same_partition_within_seconds() -> None:
    originals: dict[bytes, tuple[int, Record]] = {}
    for index, record in enumerate(live(Feed(4, UTC, 2, MANY, people=300), NOON_MS, 5, 20_000)):
        if record.truth.outcome == "duplicate":
            first, original = originals[record.value]
            assert original.partition == record.partition
            assert original.truth.outcome == "accepted"
            assert record.timestamp_ms - original.timestamp_ms <= 10_000
            assert index - first < 1_000
        originals.setdefault(record.value, (index, record))


@pytest.mark.parametrize("shares", [{"late": -0.1}, {"bot": 0.3, "broken": 0.3}])
def test_shares_that_make_outcomes_uncertain_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sum <="):
        Disturbances(**shares)
