"""Duplicates: the same message id within a horizon of ten minutes or a million ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams import duplicates
from streams.duplicates import Duplicates, Segment, hash_id
from streams.panes import NO_WATERMARK
from tests.streams.made_up import MINUTE, moment

START = moment("2026-03-01T12:00Z")


def copy(held: Duplicates) -> Duplicates:
    """What a restart makes of it."""
    return Duplicates(
        [Segment(s.first_offset, s.minute, s.ids[:], s.offsets[:]) for s in held.segments]
    )


def test_a_repeated_id_is_a_duplicate_of_the_first() -> None:
    held = Duplicates()
    assert [held.is_duplicate(name, offset, START) for offset, name in enumerate("abaab")] == [
        False, False, True, True, True,
    ]  # fmt: skip
    assert len(held) == 2


@given(st.lists(st.sampled_from("abcdefgh"), max_size=40), st.integers(0, 40))
def test_rereading_the_log_finds_originals_original(names: list[str], start: int) -> None:
    # offsets  0 ... start ... end │ stop, read again from start
    held = Duplicates()
    first = [held.is_duplicate(name, offset, START) for offset, name in enumerate(names)]
    again = copy(held)
    second = [again.is_duplicate(n, o, START) for o, n in enumerate(names) if o >= start]
    assert second == first[start:]
    assert len(again) == len(held)


@pytest.mark.parametrize(("minutes", "noticed"), [(0, True), (10, True), (11, False)])
def test_an_id_is_forgotten_after_ten_minutes_of_watermark(minutes: int, noticed: bool) -> None:  # noqa: FBT001
    # ├ accepted ┤ 1 │ 2 │ ... │ 10 ┤ horizon │ 11
    held, later = Duplicates(), START + minutes * MINUTE
    held.is_duplicate("a", 0, START)
    held.enter(later)
    assert held.is_duplicate("a", 1, later) is noticed


def test_ids_are_forgotten_by_whole_segments_beyond_the_most_to_keep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "MAX_IDS", 100)
    monkeypatch.setattr(duplicates, "SEGMENT_IDS", 10)
    held = Duplicates()
    for offset in range(1000):
        assert not held.is_duplicate(f"id {offset}", offset, START)
        assert len(held) <= 100 + 10
        assert len(held.segments) <= 12
        assert held.is_duplicate(f"id {max(0, offset - 89)}", offset, START) or offset == 0
    assert not held.is_duplicate("id 0", 1000, START)


def test_every_kept_id_stands_in_exactly_one_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MAX_IDS", 20)
    monkeypatch.setattr(duplicates, "SEGMENT_IDS", 4)
    held = Duplicates()
    for offset in range(300):
        watermark = START + offset * MINUTE // 7
        held.enter(watermark)
        held.is_duplicate(f"id {offset * 7 % 60}", offset, watermark)
        assert sum(len(segment.ids) for segment in held.segments) == len(held)
        assert len(copy(held)) == len(held)


def test_segments_read_again_from_earlier_are_forgotten_in_their_minute_too() -> None:
    # segments held:  minute 30         a repair reads again from minute 0 on, to minute 30
    held = Duplicates()
    held.is_duplicate("late", 300, START + 30 * MINUTE)
    again = copy(held)
    again.enter(START)
    again.is_duplicate("early", 0, START)
    again.enter(START + 30 * MINUTE)
    assert not again.is_duplicate("early", 301, START + 30 * MINUTE)


def test_the_horizon_is_told() -> None:
    held = Duplicates()
    assert held.horizon_start() is None
    held.is_duplicate("a", 0, START + 5)
    assert held.horizon_start() == START


def test_before_the_first_watermark_there_is_no_horizon_to_tell() -> None:
    held = Duplicates()
    held.is_duplicate("a", 0, NO_WATERMARK)
    assert held.horizon_start() is None


def test_ids_with_half_a_surrogate_pair_are_hashed_too() -> None:
    assert hash_id("\ud800") != hash_id("\ud801")
    assert -(1 << 63) <= hash_id("a") < 1 << 63
