"""Geometry of a small chart of days: a water level over a base line, gaps where nothing is shown.

All lengths are in units of the drawing, which is WIDTH by HEIGHT whatever its size on a screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

WIDTH, HEIGHT = 360, 110
LEFT, RIGHT, TOP, BOTTOM = 14, 8, 16, 96
TICKS = 9
BEYOND = 3
"""A day that is not complete is cut off above so many times the highest complete one."""


class Level(NamedTuple):
    """What a day comes to; `value` is None where nothing is shown."""

    value: float | None
    complete: bool
    words: str
    """What is said of the day when it is pointed at."""


class Dot(NamedTuple):
    """A day in the drawing."""

    x: float
    y: float
    complete: bool
    words: str
    beyond: bool
    """Whether it is drawn at the upper edge because its value lies above that."""


class Mark(NamedTuple):
    """A note in the drawing: its number, from where to where, and the middle of that."""

    number: int
    x: float
    width: float
    middle: float


@dataclass(frozen=True)
class Chart:
    """Everything a template needs to draw; paths are SVG path data."""

    lines: list[str]
    areas: list[str]
    dots: list[Dot]
    ticks: list[float]
    marks: list[Mark]
    base: float
    high: Dot | None
    low: Dot | None


def draw(
    levels: Sequence[Level],
    *,
    high: int | None = None,
    low: int | None = None,
    notes: Sequence[tuple[int, int, int]] = (),
) -> Chart:
    """Draw days, the oldest first; `high` and `low` are places of days.

    A note is its number and the places of its first and last day.
    """
    top, bottom = _scale(levels)
    span = (top - bottom) or 1
    base = BOTTOM + bottom / span * (BOTTOM - TOP)
    dots = [
        None
        if level.value is None
        else Dot(
            _x(i, len(levels)),
            base - min(level.value, top) / span * (BOTTOM - TOP),
            level.complete,
            level.words,
            level.value > top,
        )
        for i, level in enumerate(levels)
    ]
    runs = _runs(dots)
    step = (TOP - BOTTOM) / (TICKS - 1)
    return Chart(
        lines=[_line(run) for run in runs],
        areas=[f"{_line(run)}V{base:.1f}H{run[0].x:.1f}Z" for run in runs if len(run) > 1],
        dots=[dot for dot in dots if dot is not None],
        ticks=[BOTTOM + i * step for i in range(TICKS)],
        marks=[_mark(note, len(levels)) for note in notes],
        base=base,
        high=None if high is None else dots[high],
        low=None if low is None else dots[low],
    )


def _scale(levels: Sequence[Level]) -> tuple[float, float]:
    """Highest and lowest value that is drawn to scale.

    A day that is not complete may be of another order (the first one with all traffic, say), and
    must not press the others flat.
    """
    values = [level.value for level in levels if level.value is not None]
    whole = [level.value for level in levels if level.value is not None and level.complete]
    top, bottom = max([0.0, *values]), min([0.0, *values])
    highest = max([0.0, *whole])
    return (highest if 0 < highest * BEYOND < top else top), bottom


def _x(place: int, count: int) -> float:
    return LEFT + (place + 0.5) * (WIDTH - LEFT - RIGHT) / max(1, count)


def _runs(dots: Sequence[Dot | None]) -> list[list[Dot]]:
    """Days that stand together, without a gap."""
    runs: list[list[Dot]] = [[]]
    for dot in dots:
        if dot is None:
            runs.append([])
        else:
            runs[-1].append(dot)
    return [run for run in runs if run]


def _line(run: Sequence[Dot]) -> str:
    return "M" + "L".join(f"{dot.x:.1f} {dot.y:.1f}" for dot in run)


def _mark(note: tuple[int, int, int], count: int) -> Mark:
    number, first, last = note
    half = (WIDTH - LEFT - RIGHT) / max(1, count) / 2
    begin, end = _x(first, count) - half, _x(last, count) + half
    return Mark(number, begin, end - begin, (begin + end) / 2)
