"""Numbers are said the way people say them."""

import pytest

from exporters.page.wording import KINDS, duration, number, rests_on, too_few, values_of
from streams.catalogue import Metric
from streams.figures import Figure
from tests.exporters.published_events import new_folding

METRICS = new_folding().catalogue.metrics
SECONDS = Metric("waits", "Waits", "d", "f", "sum", unit="seconds")


@pytest.mark.parametrize(
    ("name", "value", "labels", "words"),
    [
        ("page_views", 1234567, (), "1,234,567"),
        ("conversion_ratio", 0.0693, (), "6.93%"),
        ("conversion_ratio", 0.5, (), "50.0%"),
        ("revenue", 4184.6, (("currency", "EUR"),), "4,184.60 EUR"),
        ("revenue", 4184, (("currency", "JPY"),), "4,184 JPY"),
        ("customer_lifetime_value", 585.678, (("currency", "USD"),), "585.68 USD"),
        ("revenue_per_buyer", 32, (("currency", "EUR"),), "32.00 EUR"),
        ("sessions_per_user", 1.134, (), "1.13"),
        ("conversions_per_interaction", 0.0175, (), "1.75%"),
        ("nps_score", -16, (), "−16"),  # noqa: RUF001 - a minus sign
        ("page_views", -3, (), "−3"),  # noqa: RUF001 - a minus sign
    ],
)
def test_a_number_has_separators_and_its_unit(
    name: str, value: float, labels: tuple[tuple[str, str], ...], words: str
) -> None:
    assert number(METRICS[name], value, labels) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"),
        (3.25, "3.2 s"),
        (59.6, "1 min"),
        (754, "12 min 34 s"),
        (7500, "2 h 5 min"),
        (90_061, "1 d 1 h"),
        (86_400 + 60, "1 d"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words
    assert number(SECONDS, seconds) == words


def test_a_number_tells_its_n_and_error_where_they_say_more_than_itself() -> None:
    people, ratio = METRICS["active_users"], METRICS["conversion_ratio"]
    assert rests_on(people, Figure(52, 0, 52, 52)) == ""
    assert rests_on(people, Figure(50_000, 812.4, 50_000, 50_000)) == "± 812"
    assert rests_on(ratio, Figure(0.25, 0, 4000, 1000)) == "n = 4,000"
    assert rests_on(ratio, Figure(1, 0, 1, 1)) == "n = 1"
    assert rests_on(METRICS["revenue"], Figure(9.5, 0, None, None)) == ""


def test_what_no_label_names_is_said_in_words() -> None:
    assert values_of((("plan", "__other__"), ("reason", "__none__"))) == "all others, not told"
    assert values_of((("page", "Home"),)) == "Home"


@pytest.mark.parametrize(
    ("part", "value", "words"),
    [
        ("", 0.82, "82.0%"),
        ("average", 4, "4.00"),
        ("average", -1.234, "\N{MINUS SIGN}1.23"),
        ("score", 34.6, "+35"),
        ("score", -100, "\N{MINUS SIGN}100"),
        ("score", -0.4, "0"),
    ],
)
def test_every_part_of_a_score_is_said_in_its_own_way(part: str, value: float, words: str) -> None:
    assert number(METRICS["csat"], value, part=part) == words


def test_what_stands_beside_a_score_is_named_before_its_n() -> None:
    figure = Figure(0.8, 0, 1200, 240, (("average", 4.126), ("score", 62.5)))
    assert rests_on(METRICS["csat"], figure) == "average 4.13, net score +62, n = 1,200"


def test_where_too_few_answered_the_least_number_is_told() -> None:
    assert too_few(METRICS["csat"]) == "fewer than 10 answers"
    assert too_few(SECONDS) == "no answers"


def test_every_kind_of_metric_says_how_exact_it_is() -> None:
    assert {metric.kind for metric in METRICS.values()} == KINDS.keys()
