"""Gauge against ledger: what agrees is equal, and one count that is off by one is found."""

from __future__ import annotations

import math

import pytest

from streams.aggregates import Distinct
from streams.folding import hash_person
from tests.tidegauge.made_up import AS_OF, ledger_of, scrape_of
from tidegauge.comparison import Row, compare
from tidegauge.scrape import Key, Scrape
from tidegauge.simulator import Ledger
from tidegauge.simulator.record import Fact

SIGNUPS: Key = ("conversions_total", (("goal", "signup"),))
ACTIVE: Key = ("active_users", (("window", "today"),))
SIGNUP_RATIO: Key = ("conversion_ratio", (("goal", "signup"), ("window", "today")))
ACTIVE_LATELY: Key = ("active_users", (("window", "1h"),))
SIGNUP_RATIO_LATELY: Key = ("conversion_ratio", (("goal", "signup"), ("window", "1h")))


def hashed(person: str) -> int:
    return hash_person(person, b"key")


def rows_of(scraped: Scrape, ledger: Ledger) -> dict[Key, Row]:
    return {row.key: row for row in compare(scraped, ledger, hashed)}


def different(changes: dict[Key, float]) -> list[Key]:
    ledger = ledger_of()
    rows = rows_of(scrape_of(ledger, changes), ledger)
    return [key for key, row in rows.items() if not row.equal]


def test_a_gauge_that_agrees_is_equal_in_every_series() -> None:
    ledger = ledger_of()
    rows = rows_of(scrape_of(ledger), ledger)
    assert all(row.equal for row in rows.values())
    assert rows.keys() == ledger.windows(scrape_of(ledger).as_of).keys()
    assert rows[SIGNUPS] == Row(SIGNUPS, 5, 5, 5)


def test_series_of_the_pipeline_itself_are_not_compared() -> None:
    ledger = ledger_of()
    names = {name for name, _ in rows_of(scrape_of(ledger), ledger)}
    assert names.isdisjoint({"up", "records_total", "lag_records", "read_offset"})


@pytest.mark.parametrize("wrong", [4, 6, 0, -5, math.nan, math.inf])
def test_one_wrong_count_is_the_one_that_differs(wrong: float) -> None:
    assert different({SIGNUPS: wrong}) == [SIGNUPS]


@pytest.mark.parametrize("key", [ACTIVE, SIGNUP_RATIO])
def test_a_wrong_number_of_persons_or_ratio_differs(key: Key) -> None:
    assert different({key: 0.75}) == [key]


@pytest.mark.parametrize("part", ["ratio", "average", "responses"])
@pytest.mark.parametrize("wrong", [0, 0.41, 3.01, 11, math.nan])
def test_a_wrong_gauge_of_satisfaction_is_the_one_that_differs(part: str, wrong: float) -> None:
    key: Key = (f"csat_{part}", (("window", "5m"),))
    assert different({key: wrong}) == [key]


def test_satisfaction_shown_for_fewer_answers_than_ten_differs() -> None:
    ledger = ledger_of(9)
    key: Key = ("csat_ratio", (("window", "5m"),))
    assert ("csat_responses", key[1]) in ledger.windows(scrape_of(ledger).as_of)
    assert key not in ledger.windows(scrape_of(ledger).as_of)
    rows = rows_of(scrape_of(ledger, {key: 0.5}), ledger)
    assert not rows[key].equal


def test_money_that_is_a_cent_off_differs() -> None:
    key: Key = ("revenue_total", (("currency", "EUR"),))
    assert different({key: 5.01}) == [key]


def test_a_series_that_is_absent_counts_as_nothing() -> None:
    ledger = ledger_of()
    full = scrape_of(ledger)
    without = Scrape({key: value for key, value in full.values.items() if key != SIGNUPS})
    rows = rows_of(without, ledger)
    assert rows[SIGNUPS] == Row(SIGNUPS, 0, 5, 5)
    assert not rows[SIGNUPS].equal


def test_a_series_that_the_ledger_does_not_know_must_be_nothing() -> None:
    extra: Key = ("page_views_total", (("page", "Ghost"),))
    assert different({extra: 0}) == []
    assert different({extra: 1}) == [extra]


def test_nothing_at_all_differs_wherever_something_was_counted() -> None:
    ledger = ledger_of()
    instant: dict[Key, float] = {("as_of_timestamp_seconds", ()): scrape_of(ledger).as_of / 1000}
    rows = rows_of(Scrape(instant), ledger)
    assert {key for key, row in rows.items() if row.equal} == {
        key for key, row in rows.items() if row.truth == 0
    }


def test_many_persons_must_equal_the_same_sketch_and_not_the_truth() -> None:
    ledger = ledger_of(20_000)
    exact = rows_of(scrape_of(ledger), ledger)[ACTIVE_LATELY]
    assert exact.truth == 20_000
    assert exact.expected != 20_000
    assert exact.expected == pytest.approx(20_000, rel=4 * 0.016)
    assert not exact.equal
    distinct = Distinct()
    hashes = [hashed(f"person-{number}") for number in range(20_000)]
    halves = [distinct.add(distinct.initialize(), part) for part in (hashes[::2], hashes[1::2])]
    gauge = round(distinct.result(distinct.merge(halves)).value)
    changes = {ACTIVE_LATELY: gauge, SIGNUP_RATIO_LATELY: 0.0}
    rows = rows_of(scrape_of(ledger, changes), ledger)
    assert rows[ACTIVE_LATELY].equal
    converting: Key = ("converting_users", SIGNUP_RATIO_LATELY[1])
    assert rows[SIGNUP_RATIO_LATELY].expected == rows[converting].expected / gauge


def test_the_expected_number_of_persons_depends_on_the_key_they_are_hashed_with() -> None:
    ledger = ledger_of(20_000)
    others = compare(scrape_of(ledger), ledger, lambda person: hash_person(person, b"other"))
    (other,) = [row for row in others if row.key == ACTIVE_LATELY]
    assert other.expected != rows_of(scrape_of(ledger), ledger)[ACTIVE_LATELY].expected


@pytest.mark.parametrize("window", ["today", "7d", "30d"])
def test_many_persons_in_a_window_of_days_must_equal_the_truth(window: str) -> None:
    ledger = ledger_of(20_000)
    key: Key = ("active_users", (("window", window),))
    row = rows_of(scrape_of(ledger), ledger)[key]
    assert row == Row(key, 20_000, 20_000, 20_000)
    assert not rows_of(scrape_of(ledger, {key: 20_001}), ledger)[key].equal


CHURN: Key = ("churn_ratio", (("window", "7d"),))


@pytest.mark.parametrize("value", [0, 0.5])
def test_where_the_ledger_tells_nothing_not_even_a_zero_may_be_shown(value: float) -> None:
    assert CHURN not in ledger_of().windows(scrape_of(ledger_of()).as_of)
    assert different({CHURN: value}) == [CHURN]


def test_where_the_ledger_tells_zero_an_absent_series_differs() -> None:
    key: Key = ("nps_score", (("window", "today"),))
    ledger = ledger_of()
    for number in range(10):
        said = (Fact("nps", "7", AS_OF),)
        ledger.record(0, "accepted", None, AS_OF, f"person-{number}", facts=said)
    full = scrape_of(ledger)
    assert full.values[key] == 0
    assert rows_of(full, ledger)[key].equal
    without = Scrape({k: value for k, value in full.values.items() if k != key})
    assert not rows_of(without, ledger)[key].equal
