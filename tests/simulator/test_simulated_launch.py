"""A history with a launch: one record says so, and the ledger knows what the product must find."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from streams.launches.launch import found
from streams.panes import LIFETIME
from streams.partition import Partition
from tests.streams.made_up import Row, a_folding, fold, published
from tidegauge.simulator import Disturbances, Ledger
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.launches import LAUNCH
from tidegauge.simulator.record import Record

ZONE = "Europe/Paris"
NOON_MS = 1_767_956_400_000
DAY_MS = 86_400_000
LAUNCH_MS = NOON_MS - 3 * DAY_MS


def history(launch_ms: int | None = LAUNCH_MS, count: int = 2_000) -> list[Record]:
    feed = Feed(4, ZoneInfo(ZONE), 1, Disturbances(), people=100)
    return list(feed.history(NOON_MS - 35 * DAY_MS, NOON_MS, count, launch_ms))


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return history()


@pytest.fixture(scope="module")
def ledger(records: list[Record]) -> Ledger:
    ledger = Ledger(ZONE)
    for record in records:
        ledger.record(record.partition, *record.truth)
    return ledger


def test_one_record_says_that_it_begins(records: list[Record]) -> None:
    payloads = [json.loads(record.value) for record in records]
    [place] = [n for n, one in enumerate(payloads) if one.get("event") == "Launch Started"]
    assert len(records) == 2_000
    assert payloads[place]["properties"] == LAUNCH
    assert records[place].truth.time_ms == LAUNCH_MS
    assert records[place - 1].timestamp_ms <= LAUNCH_MS <= records[place + 1].timestamp_ms + 90_000


def test_the_ledger_knows_when_and_the_product_finds_the_same(
    records: list[Record], ledger: Ledger
) -> None:
    folding = a_folding(zone=ZONE)
    held = []
    for number in range(4):
        mine = [one for one in records if one.partition == number]
        rows = [Row(n, one.timestamp_ms, one.value) for n, one in enumerate(mine)]
        held.append(published(fold(Partition(folding), rows), number=number))
    [launch] = found(folding, held)
    key = ("launch_start_timestamp_seconds", (("launch", launch.name),))
    assert ledger.windows(NOON_MS)[key] * 1000 == launch.start == LAUNCH_MS
    assert [list(launch.metrics), list(launch.guardrails)] == [
        LAUNCH["metrics"],
        LAUNCH["guardrails"],
    ]
    skipped = [of for one in held for of, _ in one.units[LIFETIME].state.get("skipped", {})]
    assert "launches" not in skipped


def test_it_makes_nobody_active(records: list[Record]) -> None:
    [teller] = {r.truth.person for r in records if any(f.name == "launched" for f in r.truth.facts)}
    assert all(not r.truth.distincts for r in records if r.truth.person == teller)


def test_a_history_holds_none_unless_it_is_asked_for() -> None:
    assert not any(fact.name == "launched" for r in history(None, 500) for fact in r.truth.facts)
