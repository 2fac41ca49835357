"""The records all peers read, and what they must come to."""

import json
from collections import Counter

import pytest

from benchmarks.peers.peer import outcome_of
from benchmarks.peers.recount import Recount
from benchmarks.peers.topic import Market
from benchmarks.template import Template

PARTITIONS, MINUTE_RECORDS = 2, 2_000
TIME = 1_767_600_000_000
DAY = TIME - TIME % 86_400_000


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(PARTITIONS, minute_records=MINUTE_RECORDS)


def record(number: int, partition: int = 0, **said: object) -> Template:
    event = {
        "messageId": f"id {number}",
        "userId": "ada",
        "timestamp": "2026-01-05T08:00:00Z",
        "context": {"location": {"country": "DE"}},
        **said,
    }
    return Template(partition, TIME, json.dumps(event).encode())


def counted(*records: Template) -> tuple[Counter[str], Counter[str]]:
    ((_, truth),) = Recount().truths(records, [len(records)])
    return truth.once, truth.with_duplicates


def test_a_page_view_counts_in_its_minute_and_day_by_plan_and_country() -> None:
    once, _ = counted(record(1, type="page", name="Home", properties={"plan": "pro"}))
    assert once == {
        f"minute|{TIME}|page_views|pro|DE": 1,
        f"day|{DAY}|page_views|pro|DE": 1,
        f"day|{DAY}|persons": 1,
    }


def test_a_duplicate_counts_only_for_those_who_cannot_know_it() -> None:
    same = record(1, type="track", event="Signed Up")
    once, with_duplicates = counted(same, same)
    assert once[f"day|{DAY}|conversions|__none__|DE"] == 1
    assert with_duplicates[f"day|{DAY}|conversions|__none__|DE"] == 2


def test_a_cancellation_makes_nobody_active() -> None:
    once, _ = counted(record(1, type="track", event="Subscription Cancelled"))
    assert once[f"day|{DAY}|cancellations|__none__|DE"] == 1
    assert f"day|{DAY}|persons" not in once


def test_a_person_in_two_partitions_counts_once() -> None:
    once, _ = counted(record(1, 0, type="screen"), record(2, 1, type="screen"))
    assert once == {f"day|{DAY}|persons": 1}


def test_the_truth_of_a_part_is_that_of_the_part_alone() -> None:
    records = [record(n, type="screen", userId=f"person {n}") for n in range(6)]
    found = dict(Recount().truths(records, [2, 6]))
    assert [found[size].once[f"day|{DAY}|persons"] for size in (2, 6)] == [2, 6]


def test_the_smaller_topics_are_the_beginning_of_the_largest(market: Market) -> None:
    few, more = list(market.records(2_050)), list(market.records(2_100))
    assert more[:2_050] == few


def test_most_records_say_where_and_on_which_plan_and_stay_within_400_bytes(
    market: Market,
) -> None:
    records = list(market.records(MINUTE_RECORDS))
    placed = [one for one in records if b'"country":"' in one.value]
    planned = [one for one in records if b'"plan":"' in one.value]
    assert len(placed) > 0.97 * len(records)
    assert len(planned) > 0.85 * len(records)
    sizes = sorted(len(one.value) for one in records)
    assert 200 < sizes[len(sizes) // 2] < 400


def test_the_beginning_of_a_run_is_not_measured() -> None:
    marks = [(10, 0.0, 0.0), (20, 9.0, 5.0), (60, 11.0, 6.0), (100, 13.0, 7.0)]
    outcome = outcome_of({"marks": marks, "counts": {}, "peak_megabytes": 1})
    assert (outcome.records_per_second, outcome.records_per_cpu_second) == (20, 40)
