"""The health score of single customers, added up by hand.

The day is 2 March. Lately is 31 January to 1 March, the 30 days before; answers and payments count
from 2 December on, 90 days before.
"""

from __future__ import annotations

import pytest

from tests.simulator.people import People

TODAY = "2026-03-02T12:00Z"
BANDS = ("healthy", "watch", "at_risk")
FEATURES = ("export", "search", "alerts", "comments", "sso", "api_key")
SUBSCRIBED = "2025-06-01"


def bands(people: People) -> tuple[float | None, ...]:
    return tuple(people.told("customer_health_customers", TODAY, band=band) for band in BANDS)


def band(people: People) -> str:
    """The band of the only customer."""
    return BANDS[bands(people).index(1)]


@pytest.fixture
def people() -> People:
    """One subscriber."""
    people = People()
    people.did("ann", "Subscription Started", SUBSCRIBED, plan="pro")
    return people


def days(first: int, number: int) -> list[str]:
    return [f"2026-02-{day:02d}" for day in range(first, first + number)]


def test_bands_are_there_without_customers() -> None:
    people = People()
    people.came("ann", "2026-03-01")
    assert bands(people) == (0, 0, 0)


def test_who_only_pays_is_at_risk(people: People) -> None:
    # 0 + 0 + 0 + 10 (never asked) + 10 (no failed payment)
    assert band(people) == "at_risk"


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        # 30 days of recency less the days since, 2 a day, 3 a feature, 10 + 10
        (("2026-02-15", 2), "watch"),  # 16 + 2 + 6 + 20 = 44
        (("2026-02-12", 2), "watch"),  # 13 + 2 + 6 + 20 = 41
        (("2026-02-11", 2), "watch"),  # 12 + 2 + 6 + 20 = 40
        (("2026-02-10", 2), "at_risk"),  # 11 + 2 + 6 + 20 = 39
        (("2026-03-01", 6), "watch"),  # 30 + 2 + 15 + 20 = 67
        (("2026-03-02", 6), "at_risk"),  # the day itself does not count: 20
        (("2026-01-31", 6), "at_risk"),  # 1 + 2 + 15 + 20 = 38
        (("2026-01-30", 6), "at_risk"),  # 20
    ],
)
def test_recency_and_breadth(people: People, used: tuple[str, int], expected: str) -> None:
    day, number = used
    for feature in FEATURES[:number]:
        people.did("ann", "Feature Used", day, feature=feature)
    assert band(people) == expected


@pytest.mark.parametrize(
    ("number", "expected"),
    [(9, "watch"), (10, "healthy"), (20, "healthy")],  # 30 + 2 a day + 0 + 20
)
def test_frequency(people: People, number: int, expected: str) -> None:
    people.came("ann", *days(29 - number, number - 1), "2026-03-01")
    assert band(people) == expected


def test_frequency_is_25_at_most(people: People) -> None:
    # 30 + 25 + 0 + 5 (a csat of 2) + 10 = 70; after a failed payment 60
    people.came("ann", *days(1, 28), "2026-03-01")
    people.did("ann", "CSAT Answered", "2026-02-01", score=2)
    assert band(people) == "healthy"
    people.did("ann", "NPS Answered", "2026-02-01", score=1)  # (2 + 5) // 2 = 3
    assert band(people) == "watch"


@pytest.mark.parametrize(
    ("nps", "csat", "expected"),
    [
        # 30 + 20 for ten days + 10 for payments, and the answers
        (None, None, "healthy"),  # 10
        (5, None, "healthy"),  # 10
        (4, None, "watch"),  # 8
        (None, 3, "healthy"),  # 10
        (None, 2, "watch"),  # 5
        (8, 2, "healthy"),  # (16 + 5) // 2 = 10
        (7, 2, "watch"),  # (14 + 5) // 2 = 9
        (0, 5, "healthy"),  # (0 + 20) // 2 = 10
    ],
)
def test_answers(people: People, nps: int | None, csat: int | None, expected: str) -> None:
    people.came("ann", *days(20, 9), "2026-03-01")
    for name, score in (("NPS Answered", nps), ("CSAT Answered", csat)):
        if score is not None:
            people.did("ann", name, "2025-12-01", score=1)
            people.did("ann", name, "2025-12-02", score=score)
            people.did("ann", name, "2026-03-02", score=1)
    assert band(people) == expected


def test_an_answer_of_91_days_ago_is_forgotten(people: People) -> None:
    people.came("ann", *days(20, 9), "2026-03-01")
    people.did("ann", "NPS Answered", "2025-12-01T23:59Z", score=0)
    assert band(people) == "healthy"
    people.did("ann", "NPS Answered", "2025-12-02T00:00Z", score=0)
    assert band(people) == "watch"


def test_the_last_payment_of_90_days_tells(people: People) -> None:
    people.came("ann", *days(20, 9), "2026-03-01")  # 30 + 20 + 10, and 10 for payments
    people.did("ann", "Payment Failed", "2025-12-01", "2026-03-02")
    assert band(people) == "healthy"
    people.did("ann", "Payment Failed", "2026-02-10")
    assert band(people) == "watch"
    people.did("ann", "Payment Succeeded", "2026-02-10", revenue=29, currency="EUR")
    assert band(people) == "healthy", "paid sorts after failed"


@pytest.mark.parametrize(
    ("event", "day", "customers"),
    [
        ("Order Completed", "2026-01-30", 0),
        ("Order Completed", "2026-01-31", 1),
        ("Order Completed", "2026-03-01", 1),
        ("Order Completed", "2026-03-02", 0),
        ("Subscription Started", "2026-03-01", 1),
        ("Subscription Started", "2026-03-02", 0),
        ("Payment Failed", "2026-03-01", 0),
    ],
)
def test_a_customer_is_subscribed_at_the_start_of_the_day_or_has_bought_lately(
    event: str, day: str, customers: int
) -> None:
    people = People()
    people.did("ann", event, day, revenue=5, currency="EUR")
    assert sum(number or 0 for number in bands(people)) == customers


def test_who_cancels_is_a_customer_until_the_next_day(people: People) -> None:
    people.did("ann", "Subscription Cancelled", "2026-03-02")
    assert bands(people) == (0, 0, 1)
    assert people.told("customer_health_customers", "2026-03-04T12:00Z", band="at_risk") == 0
