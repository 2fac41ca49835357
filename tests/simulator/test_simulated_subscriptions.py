"""Simulated subscribers: the list they begin with, what happens to them, and odd cases."""

from __future__ import annotations

import collections
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.simulator.outcome_model import milliseconds
from tidegauge.simulator import Disturbances, Ledger
from tidegauge.simulator.calendar import Calendar
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.record import Record
from tidegauge.simulator.vocabulary import ODD_MONEY

ZONE = "Europe/Paris"
NOON_MS = 1_767_956_400_000  # 2026-01-09T11:00:00Z
DAY_MS = 86_400_000
START_MS = NOON_MS - 35 * DAY_MS
STARTED, CANCELLED = "Subscription Started", "Subscription Cancelled"


def history(count: int, people: int = 5_000) -> list[Record]:
    feed = Feed(4, ZoneInfo(ZONE), 1, Disturbances(), people)
    return list(feed.history(START_MS, NOON_MS, count))


def payloads(records: list[Record]) -> list[dict[str, Any]]:
    return [json.loads(record.value) for record in records]


@pytest.fixture(scope="module")
def demo() -> list[Record]:
    """The history of the demo."""
    return history(40_000)


@pytest.fixture(scope="module")
def ledger(demo: list[Record]) -> Ledger:
    ledger = Ledger(ZONE)
    for record in demo:
        ledger.record(record.partition, *record.truth)
    return ledger


def declaration(records: list[Record]) -> int:
    """The place of the only statement that the list is whole."""
    found = [payload.get("event") for payload in payloads(records)]
    assert found.count("Subscribers Declared") == 1
    return found.index("Subscribers Declared")


def test_a_history_begins_with_the_list_of_subscribers(demo: list[Record]) -> None:
    end = declaration(demo)
    since = json.loads(demo[end].value)["properties"]["since"]
    assert milliseconds(since) == Calendar(ZONE).pane("day", START_MS)
    assert 1_000 < end < 1_500
    persons = set()
    for payload in payloads(demo[:end]):
        assert payload["type"] == "identify"
        assert set(payload["traits"]) == {"plan", "subscribed_at"}
        assert milliseconds(payload["traits"]["subscribed_at"]) < milliseconds(since)
        persons.add(payload["userId"])
    assert len(persons) == end
    assert all(START_MS <= record.truth.time_ms < START_MS + 2_000 for record in demo[:end])


@pytest.mark.parametrize("count", [0, 4, 5, 9, 10, 500])
def test_the_list_is_a_fifth_of_the_history_at_most_and_whole_all_the_same(count: int) -> None:
    records = history(count)
    assert len(records) == count
    if count < 5:
        assert not any(p.get("event") == "Subscribers Declared" for p in payloads(records))
        return
    end = declaration(records)
    assert end == count // 5 - 1
    known = {record.truth.person for record in records[:end]}
    for payload in payloads(records[end:]):
        if payload.get("event") == STARTED:
            known.add(payload["userId"])
        if payload.get("event") == "Payment Succeeded":
            assert payload["userId"] in known


def test_a_second_history_tells_no_list_and_neither_does_one_after_live_traffic() -> None:
    feed = Feed(4, ZoneInfo(ZONE), 1, Disturbances(), people=50)
    first = list(feed.history(START_MS, NOON_MS, 500))
    assert declaration(first) > 0
    feed.begin(1_000)
    second = list(feed.history(NOON_MS, NOON_MS + DAY_MS, 500))
    assert not any(p.get("event") == "Subscribers Declared" for p in payloads(second))


def test_cancellations_are_of_subscribers_but_for_a_few(ledger: Ledger) -> None:
    said = sorted(ledger.facts["subscription"])
    plan: dict[str, str] = {}
    found: collections.Counter[str] = collections.Counter()
    for _, label, person in said:
        before = plan.get(person, "")
        if not label:
            found["cancelled" if before else "cancelled without a plan"] += 1
        elif before:
            found["changed" if before != label else "told again"] += 1
        plan[person] = label
    assert found["cancelled"] > 30
    assert 0 < found["cancelled without a plan"] < 0.35 * found["cancelled"]
    assert found["changed"] > 5
    assert found["told again"] > 0


def test_a_history_has_every_kind_of_fact(ledger: Ledger) -> None:
    number = {name: len(told) for name, told in ledger.facts.items()}
    assert number["used"] > 5_000
    assert number["bought"] > 1_500
    assert number["nps"] > 200
    assert number["csat"] > 200
    assert number["declared"] == 1
    payments = collections.Counter(label for _, label, _ in ledger.facts["payment"])
    assert 0.02 < payments["failed"] / payments.total() < 0.08
    answers = collections.Counter(person for _, _, person in ledger.facts["nps"])
    assert sum(times > 1 for times in answers.values()) > 20


def test_identifies_have_one_trait_or_both_and_some_times_are_no_times(demo: list[Record]) -> None:
    end = declaration(demo)
    traits = [p["traits"] for p in payloads(demo[end:]) if p["type"] == "identify"]
    times = [found["subscribed_at"] for found in traits if "subscribed_at" in found]
    assert 100 < len(times) < len(traits) - 100
    assert {"last spring", "2099-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z"} <= {*times}


def test_recommendations_are_on_the_scale_but_for_a_few_of_every_odd_kind() -> None:
    scores = [
        payload["properties"].get("score")
        for payload in payloads(history(60_000))
        if payload.get("event") == "NPS Answered"
    ]
    odd = [score for score in scores if type(score) is not int or not 0 <= score <= 10]
    assert {repr(score) for score in odd} == {
        *("9.0", "6.0", "11", "-1", "7.5", "'9'", "'likely'", "None")
    }
    assert 0.03 < len(odd) / len(scores) < 0.15


def test_prices_are_sound_but_for_a_few_of_every_odd_kind() -> None:
    money = [
        (payload["properties"]["revenue"], payload["properties"].get("currency"))
        for payload in payloads(history(60_000))
        if payload.get("event") in {"Order Completed", "Payment Succeeded"}
    ]
    odd = [pair for pair in money if pair in ODD_MONEY.values]
    assert {*odd} == {*ODD_MONEY.values}
    assert len(odd) < 0.03 * len(money)
    assert {currency for _, currency in money} == {"EUR", "GBP", "USD", "BTC", None}


def test_after_35_days_every_number_of_persons_is_there(ledger: Ledger) -> None:
    series = ledger.windows(NOON_MS)
    days = ("today", "yesterday", "7d", "30d")
    windows: dict[str, set[str]] = collections.defaultdict(set)
    for name, labels in series:
        windows[name].add(dict(labels).get("window", ""))
    for name in ("churn_ratio", "plan_churn_ratio", "nps_responses", "feature_users"):
        assert windows[name] == {*days}, name
    assert windows["feature_adoption_ratio"] == {*days}
    assert {"7d", "30d"} <= windows["nps_score"]
    for name in ("subscribers", "unknown_cancellations", "buyers", "revenue_per_buyer"):
        assert windows[name] == {""}, name
    assert 0 < series["churn_ratio", (("window", "30d"),)] < 0.2
    assert 0 < series["unknown_cancellations", ()] < 40
    for currency in ("EUR", "GBP", "USD"):
        assert series["customer_lifetime_value", (("currency", currency),)] > 0
    for band in ("healthy", "watch", "at_risk"):
        assert series["customer_health_customers", (("band", band),)] > 0, band
