"""Figures: a number is found with what it rests on."""

import pytest

from streams.figures import Figure, Figures, is_sized
from streams.folding import Folding
from streams.partition import Partition
from streams.reading import Reading
from streams.series import Series
from tests.streams.made_up import Row, a_folding, body, fold, moment, published

START = moment("2026-10-23T12:00+02:00")
FOLDING = a_folding()
METRICS = FOLDING.catalogue.metrics
CSAT = METRICS["csat"]
EFFORT = """
[metrics.effort]
title = "t"
definition = "d"
formula = "f"
kind = "score"
events = [{ name = "Feature Used" }]
value = "score"
lowest = 1
highest = 7
minimum = 2
labels = ["feature"]
"""
ORDER, SIGNUP = (("goal", "order"),), (("goal", "signup"),)


def figures() -> Figures:
    """Ada orders twice, Bob signs up, and Cy looks at a page."""
    events = [("Order Completed", "ada"), ("Order Completed", "ada"), ("Signed Up", "bob")]
    rows = [
        Row(i, START, body(name, message_id=str(i), user=user, properties={"revenue": 2.5}))
        for i, (name, user) in enumerate(events)
    ]
    rows.append(Row(3, START, body(None, kind="page", message_id="3", user="cy")))
    held = published(fold(Partition(FOLDING), rows))
    return Figures(FOLDING.catalogue, Reading.of(FOLDING, [held], START).series)


def test_a_ratio_rests_on_its_denominator_and_tells_of_its_smaller_part() -> None:
    found = figures().of(METRICS["conversion_ratio"], "today", SIGNUP)
    assert found == Figure(1 / 3, 0, n=3, least=1)


def test_a_count_is_its_own_number_and_adds_up_over_labels() -> None:
    conversions = METRICS["conversions"]
    assert figures().of(conversions, "today", ORDER) == Figure(2, 0, 2, 2)
    assert figures().of(conversions, "today", ()) == Figure(3, 0, 3, 3)
    assert figures().of(conversions, None, ()) == Figure(3, 0, 3, 3)


def test_a_count_of_which_there_is_no_series_is_zero_where_anything_was_read() -> None:
    uses = METRICS["feature_uses"]
    assert figures().of(uses, "today", ()) == Figure(0, 0, 0, 0)
    assert Figures(FOLDING.catalogue, []).of(uses, "today", ()) is None


def test_distinct_people_do_not_add_up() -> None:
    converting = METRICS["converting_users"]
    assert figures().of(converting, "today", ORDER) == Figure(1, 0, 1, 1)
    assert figures().of(converting, "today", ()) is None


def test_of_money_and_of_shares_of_persons_it_is_not_kept_how_many_there_are() -> None:
    labels = (("currency", "USD"),)
    assert figures().of(METRICS["revenue"], "today", labels) == Figure(5, 0, None, None)
    sized = {name for name, m in METRICS.items() if is_sized(m, FOLDING.catalogue)}
    of_money = {"revenue", "revenue_per_buyer", "customer_lifetime_value"}
    shares = {"stickiness_ratio", "retention_ratio", "churn_ratio", "plan_churn_ratio"}
    assert METRICS.keys() - sized == of_money | shares | {"session_duration_seconds", "nps_score"}


def answered(*scores: int, folding: Folding = FOLDING, event: str = "CSAT Answered") -> Figures:
    rows = [
        Row(i, START, body(event, message_id=str(i), properties={"score": score, "feature": "x"}))
        for i, score in enumerate(scores)
    ]
    held = published(fold(Partition(folding), rows))
    return Figures(folding.catalogue, Reading.of(folding, [held], START).series)


@pytest.mark.parametrize("window", CSAT.windows)
def test_a_score_is_its_share_with_the_average_beside_it_and_rests_on_the_answers(
    window: str,
) -> None:
    found = answered(*[5] * 12, *[2] * 8).of(CSAT, window, ())
    if window == "yesterday":
        assert found == Figure(None, 0, n=0, least=0)
    else:
        assert found == Figure(0.6, 0, n=20, least=8, beside=(("average", 3.8),))


def test_a_share_tells_of_those_who_are_in_it_and_of_those_who_are_not() -> None:
    for scores, least in (([5] * 9 + [1], 1), ([1] * 9 + [5], 1), ([5] * 10, 0)):
        found = answered(*scores).of(CSAT, "today", ())
        assert found is not None
        assert (found.n, found.least) == (10, least)


def test_of_too_few_answers_only_their_number_is_there() -> None:
    assert answered(*[5] * 9).of(CSAT, "today", ()) == Figure(None, 0, n=9, least=9)
    assert answered().of(CSAT, "today", ()) == Figure(None, 0, n=0, least=0)


def effort_of(catalogue: str, *scores: int) -> Figure | None:
    folding = a_folding({"effort.toml": catalogue})
    found = answered(*scores, folding=folding, event="Feature Used")
    effort = folding.catalogue.metrics["effort"]
    assert found.of(effort, "today", ()) is None
    return found.of(effort, "today", (("feature", "x"),))


def test_a_score_without_a_share_is_its_average() -> None:
    assert effort_of(EFFORT, 1, 4, 4, 7) == Figure(4, 0, n=4, least=4)


def test_a_net_score_tells_of_those_who_are_neither_good_nor_bad_too() -> None:
    net = EFFORT.replace("minimum", "good = [6, 7]\nbad = [1, 2]\nminimum")
    beside = (("average", 4.0), ("score", 0.0))
    assert effort_of(net, 7, 7, 7, 4, 4, 1, 1, 1, 4) == Figure(
        1 / 3, 0, n=9, least=3, beside=beside
    )
    for scores, least in (((7, 7, 4, 1, 1), 1), ((7, 7, 4, 4, 1), 1), ((7, 1, 4, 4, 1), 1)):
        found = effort_of(net, *scores)
        assert found is not None
        assert found.least == least


def test_a_lifetime_needs_no_counter() -> None:
    people = METRICS["active_users"]
    found = Figures(FOLDING.catalogue, [Series(people, None, (), 7, 0)])
    assert found.labels(people, None) == [()]
    assert found.of(people, None, ()) == Figure(7, 0, 7, 7)
