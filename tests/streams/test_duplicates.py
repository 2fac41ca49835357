"""Duplicates: the same message id read again within ten minutes or a million ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from siphashc import siphash

from streams import duplicates
from streams.duplicates import Duplicates, Segment, hasher
from streams.panes import NO_WATERMARK
from tests.streams.made_up import MINUTE, moment

START = moment("2026-03-01T12:00Z")
BLOCK = 4

Log = list[tuple[str, int]]
"""Id and watermark of each offset; the watermark changes at the beginning of a block only."""


@st.composite
def logs(draw: st.DrawFn) -> Log:
    steps = draw(st.lists(st.integers(0, 4), min_size=1, max_size=30))
    watermark, log = NO_WATERMARK, list[tuple[str, int]]()
    for step in steps:
        if step:
            watermark = max(watermark, START) + step * MINUTE
        log += [(draw(st.sampled_from("abcdefgh")), watermark) for _ in range(BLOCK)]
    return log


def read(held: Duplicates, log: Log, begin: int = 0) -> list[bool]:
    """Read a log from the beginning of a block on; which records are duplicates."""
    found = []
    for offset, (name, watermark) in enumerate(log[begin:], begin):
        if offset % BLOCK == 0:
            held.enter(offset, watermark)
        found.append(held.is_duplicate(name, offset))
    return found


def contents(held: Duplicates) -> list[Segment]:
    return list(held.segments)


def test_a_repeated_id_is_a_duplicate_of_the_first() -> None:
    held = Duplicates()
    assert read(held, [(name, START) for name in "abaab"]) == [False, False, True, True, True]
    assert len(held) == 2


@given(logs())
def test_an_id_read_in_the_last_ten_minutes_is_a_duplicate(log: Log) -> None:
    last: dict[str, int] = {}
    first = next((w // MINUTE for _, w in log if w != NO_WATERMARK), None)
    for (name, watermark), found in zip(log, read(Duplicates(), log), strict=True):
        minute = watermark // MINUTE
        # ids before the first watermark count as those of its own minute
        seen = last.get(name)
        if seen is not None and watermark != NO_WATERMARK and first is not None:
            seen = max(seen, first)
        assert found == (seen is not None and seen >= minute - 10)
        last[name] = minute


@given(logs(), st.data())
def test_reading_the_horizon_again_rebuilds_what_is_remembered(
    log: Log, data: st.DataObject
) -> None:
    # ├── forgotten ──┤ horizon ├── remembered ──┤ end
    end = data.draw(st.integers(1, len(log) // BLOCK)) * BLOCK
    held = Duplicates()
    read(held, log[:end])
    horizon = held.horizon()
    assert horizon is not None
    begin, watermark = horizon
    assert watermark == log[begin][1]
    again = Duplicates()
    read(again, log[:end], begin)
    assert contents(again) == contents(held)
    assert read(again, log, end) == read(held, log, end)


@given(logs(), st.data())
def test_cutting_segments_gives_what_was_remembered_there(log: Log, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(log) // BLOCK)) * BLOCK
    held, before = Duplicates(), Duplicates()
    read(before, log[:cut])
    read(held, log)
    known = {segment.first_offset: segment for segment in held.segments}
    found = [
        known[s.first_offset].before(cut) if s.first_offset in known else s for s in before.segments
    ]
    assert found == contents(before)
    assert read(Duplicates(found), log, cut) == read(before, log, cut)


@pytest.mark.parametrize(("minutes", "noticed"), [(0, True), (10, True), (11, False)])
def test_an_id_is_forgotten_after_ten_minutes_of_watermark(minutes: int, noticed: bool) -> None:  # noqa: FBT001
    # ├ read ┤ 1 │ 2 │ ... │ 10 ┤ horizon │ 11
    log = [("a", START), *[("b", START)] * 3, ("a", START + minutes * MINUTE)]
    assert read(Duplicates(), log)[-1] is noticed


def test_every_copy_is_remembered_anew() -> None:
    # minute 0: a │ 8: a, a duplicate │ 16: a, a duplicate of the one in minute 8
    log = [(name, START + minute * MINUTE) for minute in (0, 8, 16) for name in "abcd"]
    assert read(Duplicates(), log) == [False] * 4 + [True] * 8


def test_ids_are_forgotten_by_whole_segments_beyond_the_most_to_keep(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(duplicates, "MAX_IDS", 100)
    monkeypatch.setattr(duplicates, "SEGMENT_IDS", 12)
    held = Duplicates()
    log = [(f"id {offset}", START) for offset in range(1000)]
    for offset in range(0, 1000, BLOCK):
        assert not any(read(held, log[: offset + BLOCK], offset))
        assert min(100, offset + BLOCK) <= len(held) <= 100 + 12 + BLOCK
        assert len(held.segments) <= 100 // 12 + 3
    assert not held.is_duplicate("id 0", 1000)
    assert held.is_duplicate("id 950", 1001)


def test_the_horizon_is_told() -> None:
    held = Duplicates()
    assert held.horizon_start() is None
    read(held, [("a", START + 5)])
    assert held.horizon_start() == START


def test_before_the_first_watermark_there_is_no_horizon_to_tell() -> None:
    held = Duplicates()
    read(held, [("a", NO_WATERMARK)])
    assert held.horizon_start() is None


@given(st.text(), st.binary(max_size=64), st.binary(max_size=64))
def test_what_is_kept_of_an_id_says_nothing_without_the_key(
    name: str, key: bytes, other: bytes
) -> None:
    assert hasher(key)(name) == hasher(key)(name) < 1 << 64
    assert (hasher(key)(name) == hasher(other)(name)) is (key == other)


# The last of the vectors that were published with SipHash-2-4, for key and text 0, 1, 2, ...
def test_siphash_is_siphash_2_4() -> None:
    assert siphash(bytes(range(16)), bytes(range(15)).decode()) == 0xA129CA6149BE45E5


# Another value means that no id that is kept would be known again: `FOLD_VERSION`.
def test_an_id_keeps_its_hash_from_one_version_to_the_next() -> None:
    assert hasher(b"a key")("message-1") == 0x3FED3BAC640C5582
    assert hasher()("häuser") == 0xCC5DB2CE17BC746B
