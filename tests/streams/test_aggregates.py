"""Aggregates: merging equals adding everything to one, in any order, to the byte."""

import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.aggregates import AGGREGATES, MICRO, Aggregate

AMOUNTS: dict[str, st.SearchStrategy[Any]] = {
    "count": st.integers(1, 1000),
    "sum": st.integers(0, 1 << 80),
    "distinct": st.sets(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(0, 20), max_size=30),
    "score": st.dictionaries(st.integers(-3, 12), st.integers(1, 1 << 40), max_size=6),
}
SOME = st.sampled_from(list(AMOUNTS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.lists(AMOUNTS[kind]), min_size=3, max_size=3))
)


def state_of(aggregate: Aggregate, amounts: list[Any]) -> Any:
    state = aggregate.initialize()
    for amount in amounts:
        state = aggregate.add(state, amount)
    return state


@given(SOME)
def test_merging_commutes_and_equals_adding_everything_to_one(
    some: tuple[str, list[list[Any]]],
) -> None:
    aggregate, parts = AGGREGATES[some[0]], some[1]
    states = [state_of(aggregate, part) for part in parts]
    expected = aggregate.store(state_of(aggregate, [amount for part in parts for amount in part]))
    assert aggregate.store(aggregate.merge(states)) == expected
    assert aggregate.store(aggregate.merge(states[::-1])) == expected


@given(SOME)
def test_merging_is_associative_and_leaves_its_parts_as_they_are(
    some: tuple[str, list[list[Any]]],
) -> None:
    aggregate = AGGREGATES[some[0]]
    a, b, c = (state_of(aggregate, part) for part in some[1])
    before = [aggregate.store(state) for state in (a, b, c)]
    merge = aggregate.merge
    assert aggregate.store(merge([merge([a, b]), c])) == aggregate.store(merge([a, merge([b, c])]))
    assert [aggregate.store(state) for state in (a, b, c)] == before


@pytest.mark.parametrize("form", ["store", "share"])
@given(some=SOME)
def test_a_stored_or_shared_state_reads_back_and_can_be_added_to(
    form: str, some: tuple[str, list[list[Any]]]
) -> None:
    aggregate, (first, second, _) = AGGREGATES[some[0]], some[1]
    state = state_of(aggregate, first)
    told = getattr(aggregate, form)(state)
    assert aggregate.store(aggregate.load(told)) == aggregate.store(state)
    assert aggregate.result(aggregate.load(told)) == aggregate.result(state)
    gone_on = aggregate.load(told)
    for amount in second:
        gone_on = aggregate.add(gone_on, amount)
    assert aggregate.store(gone_on) == aggregate.store(state_of(aggregate, first + second))


def persons(count: int, seed: int = 1) -> list[int]:
    rng = random.Random(seed)
    return [rng.randint(-(1 << 63), (1 << 63) - 1) for _ in range(count)]


@pytest.mark.parametrize("count", [0, 1, 4095, 4096, 4097, 5000, 7680, 9000, 40_000])
@settings(max_examples=4)
@given(st.integers(0, 1000))
def test_stored_sketches_depend_on_no_order_repeats_restarts_or_looks(
    count: int, seed: int
) -> None:
    distinct, everyone, rng = AGGREGATES["distinct"], persons(count), random.Random(seed)
    expected = distinct.store(distinct.add(distinct.initialize(), everyone))
    rng.shuffle(everyone)
    state, start = distinct.initialize(), 0
    while start < count:
        size = rng.randint(1, 4000)
        state = distinct.add(state, everyone[max(0, start - 50) : start + size])
        start += size
        if rng.random() < 0.5:
            form = rng.choice((distinct.store, distinct.share))
            state = distinct.load(form(state))
        elif rng.random() < 0.3:
            state = distinct.merge([state])
        elif rng.random() < 0.5:
            distinct.store(state)  # looked at, and gone on with
            distinct.share(state)
    assert distinct.store(state) == expected
    assert distinct.store(distinct.load(distinct.share(state))) == expected


@pytest.mark.parametrize("parts", [2, 7, 30])
def test_a_union_of_overlapping_parts_is_the_sketch_of_everyone(parts: int) -> None:
    distinct, everyone, rng = AGGREGATES["distinct"], persons(20_000), random.Random(parts)
    shares = [rng.sample(everyone, 12_000 // parts) for _ in range(parts)]
    states = [distinct.add(distinct.initialize(), share) for share in shares]
    union = sorted(set().union(*shares))
    expected = distinct.store(distinct.add(distinct.initialize(), union))
    assert distinct.store(distinct.merge(states)) == expected


@pytest.mark.parametrize("count", [0, 1, 100, 4096])
def test_few_persons_are_counted_exactly(count: int) -> None:
    distinct = AGGREGATES["distinct"]
    state = distinct.add(distinct.initialize(), persons(count) * 2)
    assert distinct.result(state) == (count, 0)


@pytest.mark.parametrize("count", [5000, 20_000, 100_000])
@pytest.mark.parametrize("seed", range(5))
def test_many_persons_are_estimated_within_four_sigma(count: int, seed: int) -> None:
    distinct = AGGREGATES["distinct"]
    value, error = distinct.result(distinct.add(distinct.initialize(), persons(count, seed)))
    assert 0 < error < 0.02 * count
    assert abs(value - count) <= 4 * error


def test_sums_are_told_in_units_and_kept_in_millionths() -> None:
    total = AGGREGATES["sum"]
    state = state_of(total, [100_000] * 10)
    assert state == MICRO
    assert total.result(state) == (1.0, 0)


def test_a_full_sketch_stays_within_32_kilobytes() -> None:
    distinct = AGGREGATES["distinct"]
    stored = distinct.store(distinct.add(distinct.initialize(), persons(50_000)))
    assert isinstance(stored, bytes)
    assert len(stored) <= 33_000


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("count", b"1"),
        ("count", "1"),
        ("distinct", b""),
        ("distinct", b"\x01\x02"),
        ("distinct", 7),
        ("score", 7),
        ("score", b""),
        ("score", msgspec.msgpack.encode({1: 2})),
        ("score", msgspec.msgpack.encode([(1, 2), (1, 3)])),
        ("score", msgspec.msgpack.encode([(2, 2), (1, 3)])),
        ("score", msgspec.msgpack.encode([(1, 0)])),
        ("score", msgspec.msgpack.encode([(1, "2")])),
    ],
)
def test_what_is_no_stored_state_is_a_value_error(kind: str, stored: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        AGGREGATES[kind].load(stored)
