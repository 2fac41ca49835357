"""Routing: which label values and amounts an event brings, and what room a metric has for them."""

import pytest

from streams.catalogue import NONE, OTHER
from streams.panes import LIFETIME, Grain, Pane
from streams.partition import Partition
from streams.reading import Reading
from streams.values import MAX_LABEL_CHARACTERS
from tests.streams.made_up import (
    HOUR,
    Row,
    a_folding,
    body,
    fold,
    labels_of,
    moment,
    published,
    small_partition,
)

START = moment("2026-10-24T20:00+02:00")


def feature_rows(*features: object) -> list[Row]:
    return [
        Row(i, START, body(message_id=str(i), time=START, properties={"feature": feature}))
        for i, feature in enumerate(features)
    ]


def test_label_values_are_admitted_in_offset_order_and_the_rest_is_other() -> None:
    partition = fold(small_partition(), feature_rows(*"aabacdedea"))
    assert labels_of(partition, "feature_uses") == {"a": 4, "b": 1, "c": 1, OTHER: 4}


def test_each_pane_admits_label_values_of_its_own() -> None:
    rows = feature_rows(*"abcd")
    later = Row(
        4, START + HOUR, body(message_id="4", time=START + HOUR, properties={"feature": "d"})
    )
    partition = fold(small_partition(), [*rows, later])
    assert labels_of(partition, "feature_uses", Pane(Grain.HOUR, START + HOUR)) == {"d": 1}
    assert labels_of(partition, "feature_uses", LIFETIME)[OTHER] == 2


def test_a_value_is_admitted_by_the_first_record_that_counts_in_the_metric() -> None:
    # offsets 0: a, by nobody known │ 1..3: b, c, d by users │ 4: a by a user, beyond the limit
    rows = [
        Row(
            i,
            START,
            body(
                message_id=str(i),
                time=START,
                user=user,
                anonymousId="x",
                properties={"feature": feature, "revenue": revenue},
            ),
        )
        for i, (feature, user, revenue) in enumerate(
            [("a", None, "?"), ("b", "u", 1), ("c", "u", 1), ("d", "u", 1), ("a", "u", 1)]
        )
    ]
    for sizes in ([1] * 5, [5]):
        partition = fold(small_partition(), rows, sizes)
        hour = Pane(Grain.HOUR, START)
        assert set(labels_of(partition, "feature_money", hour)) == {"b", "c", "d", OTHER}


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("search", "search"),
        ("  search \n", "search"),
        ("a\x00b\x1fc\u2028", "abc"),
        ("e\u0301", "\u00e9"),
        ("   ", NONE),
        ("\n", NONE),
        ("", NONE),
        (None, NONE),
        (True, "true"),
        (0, "0"),
        (1.5, "1.5"),
        ([1], OTHER),
        ({"a": 1}, OTHER),
        ("x" * 5000, "x" * MAX_LABEL_CHARACTERS),
        ("too dear, write to ada.l@example.com", OTHER),
        ("x" * 96 + " a@example.com", OTHER),
        ("ada\x00@exam\x01ple.com", OTHER),
        ("https://example.com/users/7", OTHER),
        ("See www.example.com", OTHER),
        ("/reset?token=1", OTHER),
        ("from 192.168.10.254", OTHER),
        ("2001:db8::8a2e:370:7334", OTHER),
        ("2001:db8:0:0:0:8a2e:370:7334", OTHER),
        ("f47ac10b-58cc-4372-a567-0e02b2c3d479", OTHER),
        ("550e8400e29b41d4a716446655440000", OTHER),
        ("/users/ada%40example.com", OTHER),
        ("ada\uff20example.com", OTHER),
        ("ada@localhost", OTHER),
        ("v1.2.3.4", "v1.2.3.4"),
        ("a::b", "a::b"),
        ("Cafe::add", "Cafe::add"),
        ("/pricing", "/pricing"),
        ("What next?", "What next?"),
        ("version 1.2.3", "version 1.2.3"),
        ("1.2.3.4.5", "1.2.3.4.5"),
        ("999.1.1.1", "999.1.1.1"),
        ("ready at 12:30:45", "ready at 12:30:45"),
        ("std::vector", "std::vector"),
        ("a: b", "a: b"),
        ("1 @ 2 . 3", "1 @ 2 . 3"),
        ("@ada", "@ada"),
    ],
)
def test_an_open_label_is_clean_text_each_time_it_is_read(raw: object, expected: str) -> None:
    partition = fold(small_partition(), feature_rows(raw, raw), [1, 1])
    assert labels_of(partition, "feature_uses") == {expected: 2}


def money(*pairs: tuple[object, object]) -> tuple[dict[str, int], dict[tuple[str, ...], int]]:
    """Fold orders of (revenue, currency); return the sums in micro-units and what was skipped."""
    rows = [
        Row(
            i,
            START,
            body(
                "Order Completed",
                message_id=str(i),
                time=START,
                properties={"revenue": revenue, "currency": currency},
            ),
        )
        for i, (revenue, currency) in enumerate(pairs)
    ]
    partition = fold(Partition(a_folding()), rows)
    state = partition.units.held[LIFETIME].state
    revenue = partition.folding.catalogue.metrics["revenue"]
    found = state.get(partition.folding.catalogue.fold_id(revenue), {})
    return {labels[0]: value for labels, value in found.items()}, state.get("skipped", {})


def test_money_is_summed_exactly_per_currency() -> None:
    sums, skipped = money(*[(0.1, "EUR")] * 10, (5, "USD"), (2.5, None), (2.5, ""))
    assert sums == {"EUR": 1_000_000, "USD": 10_000_000}
    assert skipped == {}


@pytest.mark.parametrize(
    ("revenue", "currency", "reason"),
    [
        (1, "XXX", "unknown_label"),
        (1, "eur", "unknown_label"),
        (1, ["EUR"], "unknown_label"),
        (None, "EUR", "no_value"),
        ("12", "EUR", "not_a_number"),
        (True, "EUR", "not_a_number"),
        ([1], "EUR", "not_a_number"),
        ("NaN", "EUR", "not_a_number"),
        (-0.01, "EUR", "negative"),
        (1e9 + 1, "EUR", "absurd"),
        (1e300, "EUR", "absurd"),
        (10**400, "EUR", "absurd"),
        (-(10**400), "EUR", "negative"),
    ],
)
def test_money_that_cannot_be_trusted_is_skipped_and_not_summed(
    revenue: object, currency: object, reason: str
) -> None:
    sums, skipped = money((1, "EUR"), (revenue, currency))
    assert sums == {"EUR": 1_000_000}
    assert skipped == {("revenue", reason): 1}


def test_sums_beyond_64_bits_are_kept() -> None:
    # 20,000 orders of the largest amount: 2e13 units, 2e19 micro-units
    partition = Partition(a_folding())
    order = {"revenue": 1_000_000_000, "currency": "VND"}
    rows = [
        Row(i, START, body("Order Completed", message_id=str(i), time=START, properties=order))
        for i in range(20_000)
    ]
    assert fold(partition, rows).snapshot() is not None
    reading = Reading.of(partition.folding, [published(partition)], START)
    assert [s.value for s in reading.of_window("revenue", None)] == [2e13]


def test_an_event_that_meets_two_sources_of_a_metric_counts_once() -> None:
    twice = """
[metrics.everything]
title = "t"
definition = "d"
formula = "f"
kind = "count"
events = [{ kinds = ["track"] }, { name = "Feature Used" }]
[metrics.money]
title = "t"
definition = "d"
formula = "f"
kind = "sum"
value = "revenue"
events = [{ kinds = ["track"] }, { name = "Feature Used" }]
"""
    partition = Partition(a_folding({"twice.toml": twice}))
    partition.fold([Row(0, START, body(time=START, properties={"revenue": 1}))])
    state, catalogue = partition.units.held[LIFETIME].state, partition.folding.catalogue
    assert state[catalogue.fold_id(catalogue.metrics["everything"])] == {(): 1}
    assert state[catalogue.fold_id(catalogue.metrics["money"])] == {(): 1_000_000}
