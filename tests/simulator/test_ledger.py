"""The ledger against examples worked out by hand."""

from datetime import datetime
from pathlib import Path

import pytest

from tidegauge.simulator import Ledger
from tidegauge.simulator.calendar import Calendar
from tidegauge.simulator.facts import facts
from tidegauge.simulator.measure import counts, distincts
from tidegauge.simulator.record import Fact

HOUR_MS = 3_600_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def accept(
    ledger: Ledger, time_ms: int, person: str, event: str, partition: int = 0, **properties: object
) -> None:
    kind, name = ("page", event[5:]) if event.startswith("page ") else ("track", event)
    moved = counts(kind, name, properties)
    ledger.record(
        partition, "accepted", None, time_ms, person, counts=moved, distincts=distincts(kind, name)
    )


@pytest.fixture
def paris() -> Ledger:
    """Three persons around the night in March when Paris loses an hour.

    Local days (UTC+1 before, UTC+2 after 2026-03-29T01:00Z):

        28th: 03-27T23:00Z - 03-28T23:00Z    29th: 03-28T23:00Z - 03-29T22:00Z (23 hours)
    """
    ledger = Ledger("Europe/Paris")
    accept(ledger, at("2026-03-28T22:59:59.999Z"), "ann", "page Home")  # 28th, the last instant
    accept(ledger, at("2026-03-28T23:00:00Z"), "bob", "page Home", partition=1)  # 29th, the first
    accept(ledger, at("2026-03-29T21:59:59.999Z"), "ann", "Order Completed", revenue=12.34)
    accept(ledger, at("2026-03-29T22:00:00Z"), "cyd", "page Pricing")  # 30th
    accept(ledger, at("2026-03-29T22:01:00Z"), "cyd", "Signed Up", partition=1)
    return ledger


AS_OF = at("2026-03-29T22:03:30Z")


def test_the_day_that_loses_an_hour_ends_with_its_local_midnight(paris: Ledger) -> None:
    series = paris.windows(AS_OF)
    assert series["windowed_interactions", (("window", "today"),)] == 2
    assert series["windowed_interactions", (("window", "yesterday"),)] == 2
    assert series["active_users", (("window", "today"),)] == 1
    assert series["active_users", (("window", "yesterday"),)] == 2
    assert series["active_users", (("window", "7d"),)] == 3
    assert paris.persons("active_users", (), "yesterday", AS_OF) == {"ann", "bob"}


def test_short_windows_are_whole_panes_that_end_with_the_current_one(paris: Ledger) -> None:
    # 5m at 22:03:30 is the minutes 21:59 to 22:03; 24h is the hours from 23:00Z the day before.
    series = paris.windows(AS_OF)
    assert series["windowed_interactions", (("window", "5m"),)] == 3
    assert series["windowed_interactions", (("window", "1h"),)] == 3
    assert series["windowed_interactions", (("window", "24h"),)] == 4
    later = paris.windows(AS_OF + 60_000)
    assert later["windowed_interactions", (("window", "5m"),)] == 2
    assert later["windowed_revenue", (("currency", "USD"), ("window", "5m"))] == 0


def test_ratios_come_from_true_numbers(paris: Ledger) -> None:
    series = paris.windows(AS_OF)
    signup = (("goal", "signup"), ("window", "7d"))
    assert series["converting_users", signup] == 1
    assert series["conversion_ratio", signup] == 1 / 3
    assert series["conversions_per_interaction", signup] == 1 / 5


def test_a_ratio_without_denominator_is_left_out(paris: Ledger) -> None:
    series = paris.windows(AS_OF + 10 * HOUR_MS)
    signup = (("goal", "signup"), ("window", "1h"))
    assert series["active_users", (("window", "1h"),)] == 0
    assert ("conversion_ratio", signup) not in series
    assert ("conversions_per_interaction", signup) not in series


def test_counters_are_of_the_lifetime_and_money_is_in_currency_units(paris: Ledger) -> None:
    series = paris.windows(AS_OF + 400 * 24 * HOUR_MS)
    assert series["page_views_total", (("page", "Home"),)] == 2
    assert series["interactions_total", ()] == 5
    assert series["revenue_total", (("currency", "USD"),)] == 12.34
    assert paris.counts["lifetime"][0]["revenue", (("currency", "USD"),)] == 12_340_000


def test_windowed_cancellations_have_no_reason() -> None:
    ledger = Ledger("UTC")
    for plan, reason in [("pro", "support"), ("pro", "not_using"), ("gold", "support")]:
        accept(ledger, AS_OF, "ann", "Subscription Cancelled", plan=plan, reason=reason)
    series = ledger.windows(AS_OF)
    assert series["windowed_cancellations", (("plan", "pro"), ("window", "1h"))] == 2
    assert series["windowed_cancellations", (("plan", "__other__"), ("window", "1h"))] == 1
    assert series["cancellations_total", (("plan", "pro"), ("reason", "support"))] == 1


def test_passive_events_are_interactions_but_make_nobody_active() -> None:
    ledger = Ledger("UTC")
    accept(ledger, AS_OF, "ann", "Payment Succeeded", revenue=9, currency="EUR")
    accept(ledger, AS_OF, "ann", "Brand Mentioned", channel="blog")
    series = ledger.windows(AS_OF)
    assert series["windowed_interactions", (("window", "5m"),)] == 2
    assert ("active_users", (("window", "5m"),)) not in series
    accept(ledger, AS_OF, "ann", "Subscription Started", plan="pro")
    assert ledger.windows(AS_OF)["active_users", (("window", "5m"),)] == 1


def test_shares_read_the_channel_else_share_via() -> None:
    ledger = Ledger("UTC")
    accept(ledger, AS_OF, "ann", "Content Shared", channel="x")
    accept(ledger, AS_OF, "ann", "Product Shared", share_via="x")
    accept(ledger, AS_OF, "ann", "Product Shared", share_via="tiktok")
    accept(ledger, AS_OF, "ann", "Product Shared")
    lifetime = ledger.counts["lifetime"][0]
    assert lifetime["shares", (("channel", "x"),)] == 2
    assert lifetime["shares", (("channel", "__other__"),)] == 1
    assert lifetime["shares", (("channel", "__none__"),)] == 1


def test_satisfaction_is_told_from_ten_answers_on_and_their_number_always() -> None:
    ledger = Ledger("UTC")
    for score in (5, 5, 5.0, 4, 4, 3, 2, 1, 1):
        accept(ledger, AS_OF, "ann", "CSAT Answered", score=score)
    for none in (0, 6, 4.5, "5", True, None, "great"):
        accept(ledger, AS_OF, "ann", "CSAT Answered", score=none)
    accept(ledger, AS_OF, "ann", "CSAT Answered")
    now = (("window", "5m"),)
    series = ledger.windows(AS_OF)
    assert series["csat_responses", now] == 9
    assert ("csat_ratio", now) not in series
    assert ("csat_average", now) not in series
    accept(ledger, AS_OF, "bob", "CSAT Answered", score=2)
    series = ledger.windows(AS_OF)
    assert series["csat_responses", now] == 10
    assert series["csat_ratio", now] == 0.5
    assert series["csat_average", now] == 3.2
    assert series["csat_responses", (("window", "yesterday"),)] == 0
    assert not any(name.endswith("csat") or name == "csat_total" for name, _ in series)


def test_money_is_exact_to_the_micro_unit() -> None:
    ledger = Ledger("UTC")
    for cents in range(1, 3_000):
        accept(ledger, AS_OF, "ann", "Order Completed", revenue=cents / 100)
    assert ledger.counts["lifetime"][0]["revenue", (("currency", "USD"),)] == 44_985_000_000


@pytest.mark.parametrize(
    ("revenue", "currency"),
    [
        (-0.01, "EUR"),
        (1_000_000_001, "EUR"),
        ("5", "EUR"),
        (None, "EUR"),
        (True, "EUR"),
        (5, "BTC"),
    ],
)
def test_what_is_no_price_is_neither_revenue_nor_a_purchase(revenue: object, currency: str) -> None:
    money = {"revenue": revenue, "currency": currency}
    assert [moved.key[0] for moved in counts("track", "Order Completed", money)] == [
        *("interactions", "conversions")
    ]
    assert facts("track", "Order Completed", money, AS_OF) == ()


@pytest.mark.parametrize("revenue", [0, 1_000_000_000])
def test_nothing_and_a_thousand_million_are_prices(revenue: int) -> None:
    money = {"revenue": revenue}
    assert counts("track", "Payment Succeeded", money)[-1].amount == revenue * 1_000_000
    assert facts("track", "Payment Succeeded", money, AS_OF) == (
        Fact("payment", "paid", AS_OF),
        Fact("bought", "USD", AS_OF),
    )


def test_every_record_has_one_outcome_and_only_accepted_ones_move_counts() -> None:
    ledger = Ledger("UTC")
    ledger.record(0, "late", None, AS_OF, "ann")
    ledger.record(1, "dead_letter", "not_json", AS_OF, None)
    accept(ledger, AS_OF, "ann", "page Home", partition=1)
    assert ledger.total() == 3
    assert ledger.total("late") == 1
    assert ledger.outcomes[1] == {"dead_letter": 1, "accepted": 1}
    assert ledger.reasons == {1: {"not_json": 1}}
    assert ledger.counts["lifetime"][0]["interactions", ()] == 1
    assert not any(ledger.facts.values())
    with pytest.raises(ValueError, match="must not move"):
        ledger.record(0, "late", None, AS_OF, "ann", facts=(Fact("nps", "9", AS_OF),))
    with pytest.raises(ValueError, match="must not move"):
        ledger.record(0, "bot", None, AS_OF, "ann", counts=counts("page", "Home", {}))


def test_panes_exist_only_where_something_was_counted() -> None:
    ledger = Ledger("UTC")
    ledger.record(0, "accepted", None, AS_OF, "ann")  # an identify
    assert not any(ledger.counts.values())
    assert not any(ledger.people.values())


@pytest.mark.parametrize("name", ["ledger.json", "ledger.json.gz"])
def test_a_saved_ledger_comes_back_equal(paris: Ledger, tmp_path: Path, name: str) -> None:
    paris.record(3, "dead_letter", "too_deep", AS_OF, "ann")
    for said in (Fact("nps", "9", AS_OF), Fact("subscription", "", 7), Fact("declared", "", 0)):
        paris.record(0, "accepted", None, AS_OF, "Zoë", facts=(said,))
    paris.save(tmp_path / name)
    loaded = Ledger.load(tmp_path / name)
    assert loaded.outcomes == paris.outcomes
    assert loaded.reasons == paris.reasons
    assert loaded.counts == paris.counts
    assert loaded.people == paris.people
    assert loaded.facts == paris.facts
    assert loaded.windows(AS_OF) == paris.windows(AS_OF)
    loaded.save(tmp_path / f"again_{name}")
    assert (tmp_path / name).read_bytes() == (tmp_path / f"again_{name}").read_bytes()


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text('{"format": 99}', "ascii")
    with pytest.raises(ValueError, match="simulate again"):
        Ledger.load(tmp_path / "ledger.json")


@pytest.mark.parametrize(
    ("zone", "inside", "start", "hours"),
    [
        ("Europe/Paris", "2026-03-29T12:00Z", "2026-03-28T23:00Z", 23),
        ("Europe/Paris", "2026-10-25T22:59Z", "2026-10-24T22:00Z", 25),
        ("Asia/Kolkata", "2026-05-01T18:29Z", "2026-04-30T18:30Z", 24),
        ("Africa/Cairo", "2026-04-24T12:00Z", "2026-04-23T22:00Z", 23),  # midnight is skipped
        ("America/Havana", "2026-11-01T12:00Z", "2026-11-01T04:00Z", 25),  # midnight comes twice
        ("UTC", "1999-12-31T23:59Z", "1999-12-31T00:00Z", 24),
    ],
)
def test_local_days_begin_at_their_first_instant(
    zone: str, inside: str, start: str, hours: int
) -> None:
    calendar = Calendar(zone)
    first = at(start)
    assert calendar.pane("day", at(inside)) == first
    assert calendar.pane("day", first) == first
    assert calendar.pane("day", first - 1) < first
    assert calendar.pane("day", first + hours * HOUR_MS - 1) == first
    assert calendar.pane("day", first + hours * HOUR_MS) == first + hours * HOUR_MS


def test_thirty_days_are_thirty_local_days_across_the_change() -> None:
    grain, starts = Calendar("Europe/Paris").window("30d", at("2026-04-10T12:00Z"))
    assert grain == "day"
    assert len(starts) == 30
    assert starts[0] == at("2026-03-11T23:00Z")
    assert starts[-1] == at("2026-04-09T22:00Z")
