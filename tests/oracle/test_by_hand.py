"""The oracle itself, on cases that were worked out by hand; days are those of Paris."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.oracle.content import iso
from tests.oracle.events import Accepted
from tests.oracle.oracle import Oracle

PARIS = "Europe/Paris"
NOON = "2026-06-30T12:00"
"""The instant asked of; so 29 June is the last day that is over."""


def moment(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(PARIS)).timestamp()) * 1000


def june(day: float) -> int:
    """Noon of a day, or later."""
    return moment("2026-06-01T12:00") + round((day - 1) * 86_400_000)


def did(person: str, event: str, time: int, **properties: Any) -> Accepted:
    facts = {"type": "track", "event": event, "properties": properties}
    return Accepted(time, facts | {"userId": person, "messageId": "m"})


def viewed(person: str, time: int) -> Accepted:
    return Accepted(time, {"type": "page", "userId": person, "messageId": "m", "name": "Home"})


def told(person: str, time: int, **traits: Any) -> Accepted:
    return Accepted(time, {"type": "identify", "userId": person, "traits": traits})


def forgot(person: str, time: int) -> Accepted:
    return did("the command", "Person Forgotten", time, forgotten_person=person)


def ask(
    events: Iterable[Accepted],
    name: str,
    at: str = NOON,
    settled: int | None = None,
    **labels: str,
) -> Any:
    """The values of a metric by their other labels, joined; or the one value."""
    found = {
        " ".join(value for label, value in held if label not in labels): value
        for (metric, held), value in Oracle(events, PARIS, settled=settled).at(moment(at)).items()
        if metric == name and labels.items() <= dict(held).items()
    }
    return found.get("", found or None)


def test_a_session_ends_with_half_an_hour_of_nothing() -> None:
    # Ada: 10:00:59, 10:29:00 │ 10:59:00. Bob: 10:59:30
    times = ("10:00:59", "10:29:00", "10:59:00")
    events = [viewed("ada", moment(f"2026-06-30T{time}")) for time in times]
    events.append(viewed("bob", moment("2026-06-30T10:59:30")))
    at = "2026-06-30T11:00:00"
    assert ask(events, "windowed_sessions", at, window="today") == 3
    assert ask(events, "windowed_sessions", at, window="1h") == 2  # from 10:01 on
    assert ask(events, "sessions_per_user", at, window="today") == 3 / 2
    lengths = ask(events, "session_duration_seconds", at, window="today")
    assert lengths == {"mean": 29 * 60 / 3, "p50": 0, "p95": 29 * 60}


def test_windows_of_days_are_local_and_those_of_hours_are_not() -> None:
    # 29 March has 23 hours in Paris: from 23:00 UTC to 22:00 UTC
    before, after = moment("2026-03-28T23:59:59"), moment("2026-03-29T00:00")
    events = [viewed("ada", before), viewed("bob", after)]
    at = "2026-03-29T23:59"
    assert ask(events, "active_users", at, window="today") == 1
    assert ask(events, "active_users", at, window="yesterday") == 1
    assert ask(events, "active_users", at, window="7d") == 2
    assert ask(events, "active_users", at, window="24h") == 2  # 22:00 UTC of the day before on


def test_days_say_who_is_new_who_is_back_and_who_is_not() -> None:
    days = {"ada": (28, 29), "bob": (28,), "cy": (20, 29), "dee": (29,), "eve": (30,), "fay": (22,)}
    events = [viewed(person, june(day)) for person, held in days.items() for day in held]
    assert ask(events, "lifecycle_users") == {
        "new": 1,
        "returning": 1,
        "resurrecting": 1,
        "dormant": 1,
    }
    assert ask(events, "stickiness_ratio") == 3 / 5
    assert ask(events, "retention_ratio") == {"1": 1 / 2, "7": 0}
    assert ask([*events, viewed("gus", june(0))], "stickiness_ratio") == 3 / 6
    assert ask([*events, viewed("gus", june(-1))], "stickiness_ratio") == 3 / 5


def test_the_last_answer_of_a_person_in_the_window_counts() -> None:
    # 9 and 10 in the same millisecond: as texts 9 is the later one
    events = [did("ada", "NPS Answered", june(28), score=10)]
    events += [did("ada", "NPS Answered", june(29), score=score) for score in (9, 0, 10)]
    events += [did("ada", "NPS Answered", june(30) - 1, score=6.5)]
    events += [did(f"p{n}", "NPS Answered", june(28), score=n) for n in range(9)]
    assert ask(events, "nps_responses", window="yesterday") == {
        "promoter": 1,
        "passive": 0,
        "detractor": 0,
    }
    assert ask(events, "nps_responses", window="7d") == {
        "promoter": 1,
        "passive": 2,
        "detractor": 7,
    }
    assert ask(events, "nps_score") == {"7d": -60, "30d": -60}  # else fewer than ten


def test_a_plan_is_what_was_said_last_of_it_and_not_when_it_was_said() -> None:
    events = [
        did("ada", "Subscription Started", june(10), plan="free"),
        did("ada", "Subscription Started", june(12), plan="pro"),
        told("ada", june(20), plan="starter", subscribed_at=iso(june(11))),
        told("bob", june(20), plan="gold", subscribed_at="2019-01-01T00:00:00Z"),
        did("cy", "Subscription Started", june(10), plan="pro"),
        did("cy", "Subscription Cancelled", june(11)),
        did("dee", "Subscription Cancelled", june(11)),
        did("dee", "Subscription Started", june(12), plan="free"),
        told("eve", june(20), plan="pro"),
        told("fay", june(20), plan="pro", subscribed_at=iso(june(20) + 600_001)),
        told("gus", june(20), plan="pro", subscribed_at="last week"),
    ]
    assert ask(events, "subscribers") == {
        "free": 1,
        "starter": 0,
        "pro": 1,
        "enterprise": 0,
        "__other__": 1,
    }
    assert ask(events, "unknown_cancellations") == 1


def test_churn_is_of_those_who_had_a_plan_when_the_window_began() -> None:
    # the window of 7 days begins with 24 June, the list is whole from then on
    events = [did(p, "Subscription Started", june(23), plan="pro") for p in ("ada", "bob")]
    events += [did(p, "Subscription Started", june(23), plan="free") for p in ("cy", "dee")]
    events += [
        did("ada", "Subscription Cancelled", june(29)),
        did("bob", "Subscription Cancelled", june(25)),
        did("bob", "Subscription Started", june(26), plan="free"),
        did("cy", "Subscription Started", june(25), plan="pro"),
        did("dee", "Subscription Cancelled", june(24) - 86_400_000 + 1),  # on the 23rd
        did("eve", "Subscription Started", june(25), plan="pro"),
        did("eve", "Subscription Cancelled", june(26)),
    ]
    assert ask(events, "churn_ratio") is None
    events.append(did("list", "Subscribers Declared", june(30) - 1, since=iso(june(24))))
    assert ask(events, "churn_ratio") == {"7d": 1 / 3, "yesterday": 1 / 3, "today": 0}
    assert ask(events, "plan_churn_ratio", window="7d") == {"pro": 1 / 2, "free": 0}
    assert ask(events, "plan_churn_ratio", window="yesterday") == {"pro": 1 / 2, "free": 0}


def test_lifetime_value_is_revenue_by_buyer_over_the_share_that_is_lost() -> None:
    # 31 May to 29 June, and the 30 days before: Ada and Bob, of whom only Ada is back
    may = june(-10)
    events = [
        did("ada", "Order Completed", may, revenue=7, currency="EUR"),
        did("bob", "Order Completed", may, revenue=7, currency="EUR"),
        did("ada", "Order Completed", june(2), revenue=10, currency="EUR"),
        did("cy", "Payment Succeeded", june(3), revenue=20, currency="EUR"),
        did("cy", "Payment Succeeded", june(30) - 1, revenue=100, currency="EUR"),  # today
        did("cy", "Order Completed", june(3), revenue=-20, currency="EUR"),
        did("cy", "Order Completed", june(3), revenue=20, currency="XYZ"),
        did("cy", "Order Completed", june(3), revenue=0),
    ]
    assert ask(events, "customer_lifetime_value") == {"EUR": 15 / (1 / 2)}
    assert ask(events, "buyers") == {"EUR": 3, "USD": 1}
    assert ask(events, "revenue_per_buyer") == {"EUR": 144 / 3, "USD": 0}


def test_who_loses_nobody_is_taken_to_lose_one_of_a_hundred() -> None:
    times = (june(-10), june(2))
    events = [did("ada", "Order Completed", time, revenue=5, currency="EUR") for time in times]
    assert ask(events, "customer_lifetime_value") == {"EUR": pytest.approx(500)}


def test_adoption_is_of_those_who_were_active() -> None:
    events = [viewed(person, june(29)) for person in ("ada", "bob", "cy")]
    events += [did("ada", "Feature Used", june(29), feature="export")] * 2
    events += [did("dee", "Feature Used", june(29))]
    assert ask(events, "feature_users", window="yesterday") == {"export": 1, "__none__": 1}
    assert ask(events, "feature_adoption_ratio", window="7d") == {
        "export": 1 / 4,
        "__none__": 1 / 4,
    }


def bands(events: Iterable[Accepted], at: str = "2026-06-29T12:00") -> list[str]:
    """The bands that have customers."""
    found: dict[str, float] = ask(events, "customer_health_customers", at)
    assert found.keys() == {"healthy", "watch", "at_risk"}
    return [band for band, count in found.items() if count]


def test_health_adds_up_what_was_before_the_day() -> None:
    # of 29 June: recency 30 + frequency 2 * 10 + breadth 0 + answers 10 + payments 10 = 70
    start = [did("ada", "Subscription Started", june(1), plan="pro")]  # makes her active too
    healthy = start + [viewed("ada", june(day)) for day in range(20, 29)]
    assert bands(healthy) == ["healthy"]
    assert bands(healthy[:-1]) == ["watch"]  # 29 + 18 + 20
    assert bands([*healthy, did("ada", "Payment Failed", june(5))]) == ["watch"]
    assert bands([*healthy, did("ada", "Payment Failed", june(29))]) == ["healthy"]
    both = [
        did("ada", "NPS Answered", june(5), score=7),
        did("ada", "CSAT Answered", june(5), score=2),
    ]
    assert bands([*healthy, *both]) == ["watch"]  # floor of (14 + 5) / 2 is 9
    assert bands([*healthy, *both, did("ada", "NPS Answered", june(6), score=8)]) == ["healthy"]
    used = [did("ada", "Feature Used", june(28), feature=str(n)) for n in range(2)]
    assert bands([*start, *used]) == ["watch"]  # 30 + 4 + 6 + 10 + 10
    assert bands(start) == ["at_risk"]  # 3 + 2 + 0 + 10 + 10


def test_a_customer_has_a_plan_or_bought_within_thirty_days() -> None:
    # the 30 days before 29 June begin with 30 May
    assert bands([did("ada", "Order Completed", june(-1), revenue=1)]) == ["at_risk"]
    assert bands([did("ada", "Order Completed", june(-2), revenue=1)]) == []
    assert bands([did("ada", "Order Completed", june(29), revenue=1)]) == []
    plan = [did("ada", "Subscription Started", june(-200), plan="pro")]
    assert bands(plan) == ["at_risk"]
    assert bands([*plan, did("ada", "Subscription Cancelled", june(28))]) == []
    assert bands([*plan, did("ada", "Subscription Cancelled", june(29))]) == ["at_risk"]


def test_answers_and_payments_are_kept_for_ninety_days() -> None:
    # 30 + 2 * 10 + answers + payments; the 90 days before 29 June begin with 31 March
    plan = [did("ada", "Subscription Started", june(-200), plan="pro")]
    plan += [viewed("ada", june(day)) for day in range(19, 29)]
    assert bands(plan) == ["healthy"]
    assert bands([*plan, did("ada", "Payment Failed", june(-61))]) == ["watch"]
    assert bands([*plan, did("ada", "Payment Failed", june(-62))]) == ["healthy"]
    assert bands([*plan, did("ada", "NPS Answered", june(-61), score=4)]) == ["watch"]
    assert bands([*plan, did("ada", "NPS Answered", june(-62), score=4)]) == ["healthy"]
