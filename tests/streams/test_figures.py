"""Figures: a number is found with what it rests on."""

from streams.figures import Figure, Figures, is_sized
from streams.partition import Partition
from streams.reading import Reading
from tests.streams.made_up import Row, a_folding, body, fold, moment, published

START = moment("2026-10-23T12:00+02:00")
FOLDING = a_folding()
METRICS = FOLDING.catalogue.metrics
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


def test_of_money_it_is_not_kept_how_many_paid() -> None:
    labels = (("currency", "USD"),)
    assert figures().of(METRICS["revenue"], "today", labels) == Figure(5, 0, None, None)
    sized = {name for name, m in METRICS.items() if is_sized(m, FOLDING.catalogue)}
    assert METRICS.keys() - sized == {"revenue"}
