"""Units: sealed bytes are read back exactly, or refused for a reason."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.aggregates import AGGREGATES
from streams.launches.said import Ended, Said
from streams.losses import Loss
from streams.place import Place, Standing
from streams.unit import (
    FORMAT_VERSION,
    Damaged,
    StoredUnit,
    Unit,
    UnknownVersion,
    aggregates_of,
    seal,
    unseal,
)
from tests.streams.made_up import of_version

FIRST, HERE = Place(0, 5, 0, 5), Place(8, 20, 0, 5)
LOSS = Loss(1, 2, "records", 3, 4)
STANDING = Standing(9, HERE, [LOSS])
AGGREGATES_HERE = aggregates_of(
    {"views@1": "count", "money@1": "sum", "users@1": "distinct", "csat@1": "score"}, "launches@1"
)
ADDED = st.lists(
    st.one_of(
        st.tuples(st.just("views@1"), st.sampled_from("abc"), st.integers(0, 9)),
        st.tuples(st.just("money@1"), st.sampled_from("abc"), st.integers(0, 1 << 70)),
        st.tuples(
            st.just("users@1"), st.sampled_from("abc"), st.sets(st.integers(-9, 9), min_size=1)
        ),
        st.tuples(
            st.just("csat@1"),
            st.sampled_from("abc"),
            st.dictionaries(st.integers(1, 5), st.integers(1, 9), min_size=1),
        ),
        st.tuples(
            st.just("launches@1"),
            st.sampled_from("abc"),
            st.builds(
                Said, start=st.none(), end=st.builds(Ended, st.integers(0, 9), st.integers(0, 9))
            ),
        ),
    )
)


def unit_of(added: list[tuple[str, str, object]]) -> Unit:
    unit = Unit(10, FIRST)
    for metric, label, amount in added:
        unit.add(metric, (label,), AGGREGATES_HERE[metric], amount)
    return unit


def sealed(unit: Unit) -> bytes:
    return seal(unit.store(AGGREGATES_HERE, STANDING, "g"))


@given(ADDED)
def test_a_sealed_unit_reads_back_as_it_was(added: list[tuple[str, str, object]]) -> None:
    raw = sealed(unit_of(added))
    stored = unseal(StoredUnit, raw)
    assert (stored.generation, stored.offset) == ("g", 10)
    assert (stored.first, stored.place, stored.losses) == (FIRST, HERE, [LOSS])
    assert sealed(Unit.load(stored, AGGREGATES_HERE)) == raw


@given(ADDED, st.randoms(use_true_random=False))
def test_equal_contents_are_equal_bytes(added: list[tuple[str, str, object]], rng: object) -> None:
    shuffled = list(added)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sealed(unit_of(shuffled)) == sealed(unit_of(added))


@given(ADDED, ADDED)
def test_a_unit_that_was_packed_in_between_has_the_same_bytes(
    before: list[tuple[str, str, object]], after: list[tuple[str, str, object]]
) -> None:
    unit = unit_of(before)
    unit.pack(AGGREGATES_HERE)
    for metric, label, amount in after:
        unit.add(metric, (label,), AGGREGATES_HERE[metric], amount)
    assert sealed(unit) == sealed(unit_of([*before, *after]))


def test_a_sketch_that_estimates_is_packed_without_a_change() -> None:
    first, second = set(range(6_000)), set(range(5_000, 9_000))
    unit = unit_of([("users@1", "a", first)])
    unit.pack(AGGREGATES_HERE)
    unit.add("users@1", ("a",), AGGREGATES_HERE["users@1"], second)
    unit.pack(AGGREGATES_HERE)
    assert sealed(unit) == sealed(unit_of([("users@1", "a", first | second)]))


RAW = sealed(unit_of([("views@1", "a", 1), ("users@1", "a", {1, 2})]))


@given(st.integers(0, len(RAW) - 1))
def test_a_truncated_record_is_damaged(length: int) -> None:
    with pytest.raises(Damaged):
        unseal(StoredUnit, RAW[:length])


@given(st.integers(1, len(RAW) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, flip: int) -> None:
    changed = bytearray(RAW)
    changed[place] ^= flip
    with pytest.raises(Damaged):
        unseal(StoredUnit, bytes(changed))


@given(st.binary(max_size=60))
def test_foreign_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises((Damaged, UnknownVersion)):
        unseal(StoredUnit, raw)


def test_a_record_of_another_version_is_not_taken_for_damaged() -> None:
    with pytest.raises(UnknownVersion, match=f"{FORMAT_VERSION + 1}"):
        unseal(StoredUnit, of_version(RAW, FORMAT_VERSION + 1))


def test_a_record_of_another_kind_is_damaged() -> None:
    with pytest.raises(Damaged):
        unseal(StoredUnit, seal({"something": "else"}))


def test_metrics_the_catalogue_no_longer_has_are_left_behind() -> None:
    stored = unseal(StoredUnit, RAW)
    fewer = {"views@1": AGGREGATES["count"]}
    assert set(Unit.load(stored, fewer).state) == {"views@1"}


def test_equal_label_sets_of_units_that_were_read_take_memory_once() -> None:
    one, other = (Unit.load(unseal(StoredUnit, RAW), AGGREGATES_HERE) for _ in range(2))
    for labels, again in zip(one.state["views@1"], other.state["views@1"], strict=True):
        assert labels is again


class Generation(msgspec.Struct, array_like=True):
    """A row of which only the beginning is asked for."""

    generation: str


@pytest.mark.parametrize(
    "contents", [b"\x91\xa2\xff\xff", b"\x92\xa0" + b"\x91" * 100_000, b"\xc1", b""], ids=range(4)
)
def test_contents_that_are_no_messagepack_are_damaged_whatever_their_checksum(
    contents: bytes,
) -> None:
    with pytest.raises(Damaged):
        unseal(Generation, seal(msgspec.Raw(contents), "name"), "name")


def test_there_is_room_up_to_the_limit_and_for_what_is_held() -> None:
    unit = unit_of([("views@1", "a", 1), ("views@1", "b", 1)])
    assert unit.has_room("views@1", ("c",), 3)
    assert not unit.has_room("views@1", ("c",), 2)
    assert unit.has_room("views@1", ("a",), 2)
    assert unit.has_room("money@1", ("a",), 1)
