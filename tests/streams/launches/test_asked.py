"""What a launch may be asked about."""

import pytest

from streams.catalogue import Catalogue
from streams.catalogue_file import load
from streams.launches.asked import Asked, CannotAsk, ask, can_ask
from streams.wire import SEGMENT

MINE = """
[segments]
variant = { property = "variant", values = ["shown", "hidden"] }

[labels.role]
property = "role"
values = ["admin", "guest"]

[metrics.logins]
title = "Logins"
definition = "Logins."
formula = "count"
kind = "count"
events = [{ name = "Logged In" }]
labels = ["role"]
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(SEGMENT, {"mine.toml": MINE})


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("conversions", Asked("conversions")),
        (' conversions{goal="order"} ', Asked("conversions", (("goal", "order"),))),
        ("conversions{}", Asked("conversions")),
        ('cancellations{plan="pro"}', Asked("cancellations", (("plan", "pro"),))),
        ("active_users", Asked("active_users")),
        ('conversion_ratio{goal="order"}', Asked("conversion_ratio", (("goal", "order"),))),
        (
            'conversions_by_variant{variant="shown", goal="order"}',
            Asked("conversions_by_variant", (("goal", "order"), ("variant", "shown"))),
        ),
        ('page_views{page="Über uns"}', Asked("page_views", (("page", "Über uns"),))),
    ],
)
def test_a_metric_is_named_with_labels_or_without(
    catalogue: Catalogue, text: str, asked: Asked
) -> None:
    assert ask(catalogue, text) == asked
    assert ask(catalogue, str(asked)) == asked


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("convertions", "did you mean 'conversions'?"),
        ("windowed_conversions", "did you mean 'conversions'?"),
        ("conversions{order}", "is no metric; write"),
        ('conversions{goal="order"', "is no metric; write"),
        ("", "is no metric; write"),
        ('conversions{goal="oder"}', "has no goal 'oder'; did you mean 'order'?"),
        ('conversions{plan="pro"}', "has no label 'plan'; labels of it: goal"),
        ('active_users{plan="pro"}', "has no label 'plan'; it has none"),
        ('cancellations{reason="price"}', "has no label 'reason'; labels of it: plan"),
        ("revenue", "cannot be compared"),
        ("nps_score", "cannot be compared"),
        ("csat", "cannot be compared"),
        ("feature_adoption_ratio", "cannot be compared"),
        ("revenue_per_buyer", "cannot be compared"),
        ("logins", "cannot be compared"),
    ],
)
def test_what_cannot_be_compared_is_said_with_what_could_be_meant(
    catalogue: Catalogue, text: str, says: str
) -> None:
    with pytest.raises(CannotAsk) as caught:
        ask(catalogue, text)
    assert says in str(caught.value)


def test_of_several_those_are_taken_that_can_be_compared_each_once(catalogue: Catalogue) -> None:
    texts = ["conversions", "revenue", "conversions{}", "active_users"]
    assert can_ask(catalogue, texts) == [Asked("conversions"), Asked("active_users")]
