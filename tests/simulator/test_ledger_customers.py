"""Buyers and what they are worth, and who takes up which feature, worked out by hand."""

from __future__ import annotations

import pytest

from tests.simulator.people import People

ORDER, PAID = "Order Completed", "Payment Succeeded"


@pytest.fixture
def people() -> People:
    """L is 2 March; the 30 days that end with it begin on 1 February, those before on 2 January.

    EUR     2 Jan      31 Jan     1 Feb      2 March    3 March
    ann     10.00                 20.00      5.50
    bob                30.00
    cyd     1.00                                        99.00
    dee                                      0.00
    """
    people = People()
    euros = {"currency": "EUR"}
    people.did("ann", ORDER, "2026-01-02T00:00Z", revenue=10, **euros)
    people.did("ann", PAID, "2026-02-01T00:00Z", revenue=20, **euros)
    people.did("ann", ORDER, "2026-03-02T23:59Z", revenue=5.5, **euros)
    people.did("bob", ORDER, "2026-01-31T23:59Z", revenue=30, **euros)
    people.did("cyd", ORDER, "2026-01-02", revenue=1, **euros)
    people.did("cyd", ORDER, "2026-03-03", revenue=99, **euros)
    people.did("dee", ORDER, "2026-03-02", revenue=0, **euros)
    return people


def test_buyers_are_of_all_times_and_so_is_what_each_has_spent(people: People) -> None:
    people.did("ann", ORDER, "2020-01-01", revenue=40)
    people.did("eve", "Payment Failed", "2026-03-01", revenue=9, currency="GBP")
    assert people.labels("buyers") == [{"currency": "EUR"}, {"currency": "USD"}]
    assert people.told("buyers", currency="EUR") == 4
    assert people.told("revenue_per_buyer", currency="EUR") == 165.5 / 4
    assert people.told("revenue_per_buyer", currency="USD") == 40


def test_lifetime_value_is_what_a_buyer_spends_in_30_days_over_the_share_that_stays_away(
    people: People,
) -> None:
    # 25.50 by ann and dee; of ann, bob and cyd only ann bought again, so 2 of 3 were lost.
    value = people.told("customer_lifetime_value", currency="EUR")
    assert value == pytest.approx(25.5 / 2 / (2 / 3))


def test_where_nobody_was_lost_one_in_a_hundred_is_taken_for_lost(people: People) -> None:
    for person in ("bob", "cyd"):
        people.did(person, ORDER, "2026-02-10", revenue=1, currency="EUR")
    value = people.told("customer_lifetime_value", currency="EUR")
    assert value == pytest.approx(27.5 / 4 / 0.01)


@pytest.mark.parametrize(
    "as_of",
    [
        "2026-01-20T12:00Z",  # nobody in the earlier 30 days
        "2026-04-02T12:00Z",  # 3 March to 1 April: cyd; 1 February to 2 March: ann and dee
        "2026-05-10T12:00Z",  # nobody in the later ones
    ],
)
def test_lifetime_value_is_absent_unless_both_spans_have_buyers(people: People, as_of: str) -> None:
    has_both = as_of.startswith("2026-04")
    value = people.told("customer_lifetime_value", as_of, currency="EUR")
    assert value == (pytest.approx(99) if has_both else None)


def test_currencies_are_never_mixed(people: People) -> None:
    people.did("ann", ORDER, "2026-01-15", "2026-02-15", revenue=7, currency="GBP")
    value = people.told("customer_lifetime_value", currency="GBP")
    assert value == pytest.approx(7 / 0.01)


def test_feature_users_are_different_people_and_their_share_is_of_the_active() -> None:
    people = People()
    people.did("ann", "Feature Used", "2026-03-02", "2026-03-03", feature="export")
    people.did("bob", "Feature Used", "2026-03-03", feature="export")
    people.did("bob", "Feature Used", "2026-02-25")
    people.came("cyd", "2026-03-03", "2026-02-25")
    exported = {"feature": "export"}
    assert people.told("feature_users", window="today", **exported) == 2
    assert people.told("feature_adoption_ratio", window="today", **exported) == 2 / 3
    assert people.told("feature_users", window="yesterday", **exported) == 1
    assert people.told("feature_adoption_ratio", window="yesterday", **exported) == 1
    assert people.told("feature_users", window="7d", feature="__none__") == 1
    assert people.told("feature_users", window="today", feature="__none__") is None
    assert people.told("feature_adoption_ratio", window="today", feature="__none__") is None
