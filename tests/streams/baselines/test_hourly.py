"""Counts of hours answer for any stretch of time, and add up."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.baselines.hourly import Hourly
from streams.panes import HOUR, MINUTE

BEGIN = 1_767_571_200_000
COUNTS = st.lists(st.integers(0, 10_000), min_size=1, max_size=30)


def hourly(counts: list[int]) -> Hourly:
    return Hourly(BEGIN, np.array(counts, np.float64))


@given(COUNTS, st.data())
def test_whole_hours_are_exact(counts: list[int], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(counts)))
    last = data.draw(st.integers(first, len(counts)))
    found = hourly(counts).between(BEGIN + first * HOUR, BEGIN + last * HOUR)
    assert found == sum(counts[first:last])


@given(COUNTS, st.data())
def test_parts_are_never_negative_and_add_up(counts: list[int], data: st.DataObject) -> None:
    end = len(counts) * 60
    times = sorted(data.draw(st.lists(st.integers(0, end), min_size=2, max_size=8)))
    held = hourly(counts)
    parts = [
        held.between(BEGIN + one * MINUTE, BEGIN + other * MINUTE) for one, other in pairwise(times)
    ]
    known = [part for part in parts if part is not None]
    assert len(known) == len(parts)
    assert min(known) >= -1e-6
    whole = held.between(BEGIN + times[0] * MINUTE, BEGIN + times[-1] * MINUTE)
    assert sum(known) == pytest.approx(whole, abs=1e-6)


def test_within_an_hour_more_lies_on_the_side_of_the_busier_neighbour() -> None:
    held = hourly([100, 200, 300])
    first = held.between(BEGIN + HOUR, BEGIN + HOUR + 30 * MINUTE)
    assert first is not None
    assert 75 < first < 100


def test_what_lies_outside_is_not_known() -> None:
    held = hourly([1, 2])
    assert held.between(BEGIN - 1, BEGIN + HOUR) is None
    assert held.between(BEGIN, BEGIN + 2 * HOUR + 1) is None
    assert held.blocks(BEGIN + HOUR, HOUR, 2) is None
    assert held.blocks(BEGIN + 3 * HOUR, HOUR, 1) is None


def test_blocks_are_stretches_of_whole_hours_before_an_instant_the_latest_first() -> None:
    found = hourly([1, 2, 4, 8, 16]).blocks(BEGIN + 4 * HOUR + 59 * MINUTE, 2 * HOUR, 2)
    assert found is not None
    assert found.tolist() == [12.0, 3.0]
