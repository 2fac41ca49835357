"""The watermark: a function of offsets alone that a minority of wrong clocks cannot move."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import NO_WATERMARK
from streams.watermark import BLOCK, Watermark, block_start
from tests.streams.made_up import DAY, MINUTE, moment

START = moment("2026-03-01T12:00Z")
YEAR = 365 * DAY
STEPS = st.lists(st.tuples(st.integers(1, 100), st.integers(START, START + DAY)), max_size=200)


def run(log: list[tuple[int, int]], entered: frozenset[int] = frozenset()) -> list[int]:
    """The watermark that held for each record; `entered`: indices before which a batch begins."""
    watermark, found, offset = Watermark(), [], 0
    for index, (step, time) in enumerate(log):
        if index in entered:
            watermark.advance(offset + 1)  # a checkpoint looks at the next offset, record or not
        offset += step
        watermark.advance(offset)
        found.append(watermark.value)
        watermark.observe(time)
    return found


@given(STEPS)
def test_watermark_never_falls(log: list[tuple[int, int]]) -> None:
    values = run(log)
    assert values == sorted(values)


@given(STEPS, st.frozensets(st.integers(0, 200)))
def test_watermark_is_the_same_for_any_batching(
    log: list[tuple[int, int]], entered: frozenset[int]
) -> None:
    assert run(log, entered) == run(log)


def test_watermark_is_the_median_of_the_block_before() -> None:
    # offsets   0 ........ 63 │ 64 ....... 127 │ 128
    # times     0 ........ 63 │  0 ......... 0 │
    # watermark unknown       │ 31             │ 31    the second block would lower it
    log = [(1, START + time) for time in range(1, 64)] + [(1, START)] * 65
    values = run(log)
    assert values[:63] == [NO_WATERMARK] * 63
    assert values[63:] == [START + 32] * 65


@pytest.mark.parametrize("wrong", [1, 16, 31])
def test_up_to_31_of_64_clocks_a_year_ahead_do_not_move_it(wrong: int) -> None:
    rng = random.Random(wrong)
    watermark, offset = Watermark(), 0
    for block in range(50):
        now = START + block * MINUTE
        times = [now + YEAR] * wrong + [now] * (BLOCK - wrong)
        rng.shuffle(times)
        for time in times:
            watermark.advance(offset)
            assert watermark.value <= now
            watermark.observe(time)
            offset += 1


def test_one_percent_of_clocks_a_year_ahead_make_no_one_late() -> None:
    rng = random.Random(1)
    watermark = Watermark()
    for offset in range(20_000):
        now = START + offset * 100
        watermark.advance(offset)
        assert watermark.value <= now
        watermark.observe(now + YEAR if rng.random() < 0.01 else now)
    assert watermark.value > now - MINUTE


def test_a_block_of_one_record_with_a_wrong_clock_does_not_move_it() -> None:
    # offsets │ 0 .. 63 │ 64 (a year ahead), the rest of the block: bots, markers, broken │ 128
    watermark = Watermark()
    for offset in range(BLOCK):
        watermark.observe(START + offset)
    watermark.advance(BLOCK)
    watermark.observe(START + YEAR)
    watermark.advance(2 * BLOCK)
    assert watermark.value < START + MINUTE


@given(st.integers(0, 1 << 62))
def test_a_block_begins_at_or_before_its_offsets(offset: int) -> None:
    assert offset - BLOCK < block_start(offset) <= offset
    assert block_start(offset) % BLOCK == 0
    assert block_start(block_start(offset)) == block_start(offset)
