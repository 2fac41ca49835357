"""Who is subscribed and who is lost, of a few persons followed by hand."""

from __future__ import annotations

import pytest

from tests.simulator.people import TODAY, People

STARTED, CANCELLED = "Subscription Started", "Subscription Cancelled"
BEGINNING = "2026-01-01T00:00:00.000Z"


@pytest.fixture
def people() -> People:
    """The list of subscribers is whole from the year's beginning on.

        window   begins    eve: told before; changed since
        today    3 March   stay, leave, switch
        7d       25 Feb    stay, leave, switch, back
        30d      2 Feb     the same

    stay      pro since 10 January
    leave     pro since 10 January, cancelled on 3 March
    switch    starter since 10 January, pro since 1 March
    back      starter since 10 January, cancelled on 20 Feb, pro again from 28 Feb on
    gone      enterprise since 10 January, cancelled on 26 Feb
    """
    people = People()
    people.did("billing", "Subscribers Declared", "2026-01-01", since=BEGINNING)
    plans = {"stay": "pro", "leave": "pro", "switch": "starter", "back": "starter"}
    for person, plan in (plans | {"gone": "enterprise"}).items():
        people.did(person, STARTED, "2026-01-10", plan=plan)
    people.did("leave", CANCELLED, "2026-03-03", plan="pro")
    people.did("switch", STARTED, "2026-03-01", plan="pro")
    people.did("back", CANCELLED, "2026-02-20")
    people.did("back", STARTED, "2026-02-28", plan="pro")
    people.did("gone", CANCELLED, "2026-02-26", plan="enterprise")
    return people


def churn(people: People, window: str, plan: str | None = None) -> float | None:
    if plan is None:
        return people.told("churn_ratio", window=window)
    return people.told("plan_churn_ratio", plan=plan, window=window)


def test_subscribers_are_those_whose_last_word_was_that_plan(people: People) -> None:
    counted = {plan: people.told("subscribers", plan=plan) for plan in ("pro", "starter", "free")}
    assert counted == {"pro": 3, "starter": 0, "free": 0}
    assert people.told("subscribers", plan="enterprise") == 0
    assert people.told("unknown_cancellations") == 0


def test_who_has_cancelled_by_the_end_of_the_window_is_lost(people: People) -> None:
    # today: stay, leave, switch and back are subscribed on the eve, leave is lost.
    assert churn(people, "today") == 1 / 4
    assert churn(people, "yesterday") == 0
    # 7d from 25 Feb on: back has cancelled before; leave and gone are lost.
    assert churn(people, "7d") == 2 / 4
    # 30d from 2 Feb on: back is there again at its end.
    assert churn(people, "30d") == 2 / 5


def test_churn_of_a_plan_is_of_those_who_had_it_at_the_start(people: People) -> None:
    assert churn(people, "today", "pro") == 1 / 4
    assert churn(people, "7d", "pro") == 1 / 2
    assert churn(people, "7d", "enterprise") == 1
    assert churn(people, "7d", "starter") == 0  # who changes plans is not lost
    assert churn(people, "today", "starter") is None
    assert churn(people, "today", "free") is None


def test_a_cancellation_of_yesterday_is_none_of_today() -> None:
    people = People()
    people.did("billing", "Subscribers Declared", "2026-01-01", since=BEGINNING)
    people.did("ann", STARTED, "2026-01-10", plan="pro")
    people.did("ann", CANCELLED, "2026-03-02T23:59:59.999Z")
    assert churn(people, "yesterday") == 1
    assert churn(people, "today") is None


def test_no_churn_is_told_of_windows_that_begin_before_the_list_is_whole() -> None:
    people = People()
    people.did("ann", STARTED, "2026-01-10", plan="pro")
    assert people.labels("churn_ratio") == people.labels("plan_churn_ratio") == []
    people.did("billing", "Subscribers Declared", "2026-03-01", since="2026-02-25T23:00:00Z")
    assert churn(people, "7d") == 0
    assert churn(people, "30d") is None
    people.did("billing", "Subscribers Declared", "2026-03-01", since="2026-02-28T00:00:00Z")
    assert churn(people, "7d") == 0, "the earliest counts"


def test_a_second_start_counts_once_and_its_plan_holds() -> None:
    people = People()
    people.did("ann", STARTED, "2026-03-01", "2026-03-02", plan="starter")
    people.did("ann", STARTED, "2026-03-02T13:00Z", plan="legacy")
    people.did("bob", STARTED, "2026-03-01")
    assert people.told("subscribers", plan="starter") == 0
    assert people.told("subscribers", plan="__other__") == 1
    assert people.told("subscribers", plan="__none__") == 1


def test_plans_that_nobody_ever_had_are_told_only_if_they_are_listed() -> None:
    labels = People().labels("subscribers")
    assert labels == [{"plan": plan} for plan in ("enterprise", "free", "pro", "starter")]


def test_a_cancellation_comes_from_nowhere_if_it_is_the_first_that_was_heard() -> None:
    people = People()
    people.did("ann", CANCELLED, "2026-03-01")
    people.did("ann", STARTED, "2026-03-02", plan="pro")
    people.did("bob", STARTED, "2026-03-01", plan="pro")
    people.did("bob", CANCELLED, "2026-03-02", "2026-03-03")
    people.did("cyd", CANCELLED, "2026-03-01")
    people.did("cyd", STARTED, "2026-03-01", plan="pro")
    assert people.told("unknown_cancellations") == 2  # in one millisecond, none sorts first
    assert people.told("subscribers", plan="pro") == 2
    people.is_known("ann", "2026-03-03", plan="pro", subscribed_at="2026-01-01T00:00:00Z")
    assert people.told("unknown_cancellations") == 1


def test_what_is_told_of_a_subscriber_holds_from_when_they_subscribed() -> None:
    people = People()
    people.did("billing", "Subscribers Declared", "2026-01-01", since=BEGINNING)
    people.is_known("ann", TODAY, plan="pro", subscribed_at="2024-02-29T10:00:00+01:00")
    people.did("ann", CANCELLED, "2026-03-03T09:00Z")  # before it was told, but after they had
    assert people.told("subscribers", plan="pro") == 0
    assert people.told("unknown_cancellations") == 0
    assert churn(people, "today", "pro") == 1


@pytest.mark.parametrize(
    "traits",
    [
        {"plan": "pro"},
        {"subscribed_at": BEGINNING},
        {"plan": "", "subscribed_at": BEGINNING},
        {"plan": "pro", "subscribed_at": "last spring"},
        {"plan": "pro", "subscribed_at": 1_767_225_600},
        {"plan": "pro", "subscribed_at": "1999-12-31T23:59:59Z"},
        {"plan": "pro", "subscribed_at": "2026-03-03T12:10:00.001Z"},
    ],
)
def test_without_a_plan_and_a_sound_time_nothing_is_told(traits: dict[str, object]) -> None:
    people = People()
    people.is_known("ann", TODAY, **traits)
    assert people.told("subscribers", plan="pro") == 0
    people.is_known("bob", TODAY, plan="pro", subscribed_at="2026-03-03T12:10:00Z")
    assert people.told("subscribers", plan="pro") == 1


def test_days_of_churn_are_local() -> None:
    # In Berlin 3 March begins at 23:00 UTC.
    people = People("Europe/Berlin")
    people.did("billing", "Subscribers Declared", "2026-01-01", since="2026-03-02T23:00:00Z")
    people.did("ann", STARTED, "2026-03-02T22:59Z", plan="pro")
    people.did("bob", STARTED, "2026-03-02T23:00Z", plan="pro")
    people.did("ann", CANCELLED, "2026-03-03T22:59Z")
    assert churn(people, "today") == 1
    assert churn(people, "yesterday") is None
