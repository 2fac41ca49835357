"""What every metric was on each of the last days: the window `today`, read at the end of each.

Days are read by the same code as the windows of a scrape, so a kind of metric that has a `today`
has a history. One without windows, which only shards of persons know, is read at the first instant
after the day: there the last day that is over is that one. A day of which no unit has changed since
it was read is not read again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from streams.catalogue import Metric
from streams.figures import Figure, Figures
from streams.folding import Folding
from streams.panes import Grain, Pane
from streams.published import Published, are_same
from streams.reading import Reading
from streams.series import Pairs

DAYS = 30
DAY_WINDOW = "today"
REACH = 30
"""So many days back may lie what a day is compared with."""


@dataclass(frozen=True)
class Day:
    """One local day, read at its last instant, or at the instant that is asked about."""

    pane: Pane
    date: date
    reading: Reading
    """What it says of finality is of when it was made; see `final`."""
    figures: Figures
    over: bool
    """Whether it lies behind the instant that is asked about."""
    final: bool
    """Whether no record can change it any more."""
    begun: bool
    """Whether anything was counted by its end."""

    @property
    def complete(self) -> bool:
        """Whether it is over, the data reaches back over all of it and nothing was lost."""
        return self.over and self.reading.complete[DAY_WINDOW]


class Point(NamedTuple):
    """What a series was on a day; `figure` is None where there is nothing to tell."""

    day: Day
    figure: Figure | None

    @property
    def value(self) -> float | None:
        """Its main number; None where there is none to tell."""
        return None if self.figure is None else self.figure.value


class _Parts(NamedTuple):
    """All that a reading of a day is made of."""

    units: list[Any]
    coverage: list[Any]
    """What says how complete the units are."""

    @classmethod
    def of(
        cls, partitions: Sequence[Published], shards: Sequence[Published], panes: Sequence[Pane]
    ) -> "_Parts":
        """Of the days in `panes`, the latest first, of shards of all days up to it.

        A unit that changes is another object.
        """
        progress = [one.progress for one in (*partitions, *shards)]
        coverage = [(dict(p.since), p.begun, tuple(p.losses.known)) for p in progress]
        units: list[Any] = [one.units.get(pane) for one in partitions for pane in panes]
        units += [
            unit
            for shard in shards
            for pane, unit in shard.units.items()
            if pane.grain is Grain.DAY and pane.start <= panes[0].start
        ]
        return cls(units, coverage)

    def are_still(self, other: "_Parts") -> bool:
        """Whether nothing of it changed."""
        return are_same(self.units, other.units) and self.coverage == other.coverage


class _Known(NamedTuple):
    """A reading of a day that was made before, and what of."""

    parts: _Parts
    reading: Reading
    figures: Figures


class History:
    """Reads the last days; remembers them while the units they are made of stay the same."""

    def __init__(self, folding: Folding, count: int = DAYS) -> None:
        self._folding, self._count = folding, count
        self._known: dict[Pane, _Known] = {}

    def read(
        self, partitions: Sequence[Published], instant: int, shards: Sequence[Published] = ()
    ) -> list[Day]:
        """The last days up to the one that holds `instant`, the oldest first.

        `shards` are those of persons.
        """
        known, self._known = self._known, {}
        calendar = self._folding.calendar
        panes = list(calendar.days_back(instant, self._count + REACH))
        days = []
        for place, pane in enumerate(panes[: self._count]):
            last = min(instant, calendar.end(pane) - 1)
            parts = _Parts.of(partitions, shards, panes[place : place + REACH + 1])
            held = known.get(pane)
            if held is None or last != held.reading.as_of or not held.parts.are_still(parts):
                held = self._read_day(partitions, last, shards, parts)
            self._known[pane] = held
            days.append(self._day([*partitions, *shards], instant, pane, held))
        return days[::-1]

    def _read_day(
        self,
        partitions: Sequence[Published],
        instant: int,
        shards: Sequence[Published],
        parts: _Parts,
    ) -> _Known:
        reading = Reading.of(self._folding, partitions, instant, (DAY_WINDOW,), shards)
        series = list(reading.series)
        midnight = instant + 1
        if self._folding.calendar.day_start(midnight) == midnight:  # the day is over
            read = Reading.without_windows(self._folding, partitions, midnight, shards)
            series += read.series
        return _Known(parts, reading, Figures(self._folding.catalogue, series))

    def _day(self, everybody: Sequence[Published], instant: int, pane: Pane, known: _Known) -> Day:
        calendar, end = self._folding.calendar, self._folding.calendar.end(pane)
        watermark = min(one.progress.watermark for one in everybody)
        begun = [one.progress.begun for one in everybody if one.progress.since]
        return Day(
            pane,
            calendar.local_date(pane.start),
            known.reading,
            known.figures,
            over=end <= instant,
            final=calendar.is_final(pane, watermark),
            begun=bool(begun) and min(begun) < end,
        )


def points(metric: Metric, labels: Pairs, days: Iterable[Day]) -> list[Point]:
    """What one series of a metric was on each day; nothing before anything was counted."""
    window = DAY_WINDOW if metric.windows else None
    return [
        Point(day, day.figures.of(metric, window, labels) if day.begun else None) for day in days
    ]


class Extremes(NamedTuple):
    """The days on which a series was lowest and highest, the latest where several were."""

    low: Point
    high: Point


def extremes(found: Iterable[Point]) -> Extremes | None:
    """Low and high over complete days; None where there is none of these."""
    ranked = [(p.value, p.day.date, p) for p in found if p.value is not None and p.day.complete]
    if not ranked:
        return None
    low = min(ranked, key=lambda one: (one[0], -one[1].toordinal()))
    return Extremes(low[2], max(ranked, key=lambda one: one[:2])[2])
