"""What a metric was in each past hour and day: what tells what to expect.

It is read from the panes of hours and of days, so it reaches back as far as these are kept (35 and
400 days). What was read is remembered while the units it is made of stay the same; that never
changes what is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import NamedTuple

import numpy as np

from streams.baselines.baseline import Series
from streams.baselines.crowd import Crowd
from streams.baselines.daily import Daily, DailyCrowd
from streams.baselines.hourly import Counts, Hourly
from streams.catalogue import Metric
from streams.completeness import are_kept, counted_since, has_loss
from streams.folding import Folding
from streams.merging import Merged
from streams.panes import HOUR, KEPT, Grain, Pane
from streams.published import Published
from streams.routing import Labels
from streams.unit import Unit

MOST_REMEMBERED = 20_000
"""Readings kept at most: an hour of one metric is one, and so is a stretch of hours."""

Values = Mapping[Labels, float]


class _Known(NamedTuple):
    """A reading that was made before, and what of."""

    units: Sequence[Unit | None]
    values: Values


class _Hours(NamedTuple):
    """Every hour of a metric, the first one first, and what it was in each."""

    panes: Sequence[Pane]
    counts: Mapping[Labels, Counts]


class Past:
    """The past of every metric that keeps a state; `take` a snapshot, then ask."""

    def __init__(self, folding: Folding) -> None:
        self.folding = folding
        self._fold_ids = {metric.name: fold_id for fold_id, metric in folding.metrics.items()}
        self._known: dict[tuple[str, tuple[str, ...], Pane, int], _Known] = {}
        self._hours: dict[tuple[str, tuple[str, ...]], _Hours] = {}
        """What was asked for since the last snapshot was taken."""
        self._partitions: Sequence[Published] = ()
        self._merged = Merged(folding, ())

    def take(self, partitions: Sequence[Published]) -> None:
        """Answer from these partitions from now on."""
        self._partitions, self._merged = partitions, Merged(self.folding, partitions)
        self._hours = {}
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()

    def is_whole(self, panes: Sequence[Pane]) -> bool:
        """Whether all of some panes is kept, and nothing of it was declared lost."""
        return are_kept(self.folding, self._partitions, panes) and not has_loss(
            self.folding, self._partitions, panes
        )

    def hours(
        self, metric: Metric, names: tuple[str, ...], instant: int
    ) -> Mapping[Labels, Series]:
        """The whole hours of a metric up to an instant, by the labels in `names`.

        Counts add up over hours; people do not, so a distinct metric gives a `Crowd`.
        """
        begin, end = self._since(metric, Grain.HOUR), instant - instant % HOUR
        if begin is None:
            return {}
        begin += -begin % HOUR
        count, known = (end - begin) // HOUR, self._hours.get((metric.name, names))
        if count <= 0:
            return {}
        if known is None or len(known.panes) < count:
            known = self._hours[metric.name, names] = self._all_hours(metric, names, begin, end)
        found: dict[Labels, Series] = {}
        for labels, counts in known.counts.items():
            hourly = Hourly(begin, counts[:count])
            if metric.kind == "distinct":
                people = _People(self, metric, names, labels, known.panes)
                found[labels] = Crowd(hourly, people.between_hours)
            else:
                found[labels] = hourly
        return found

    def _all_hours(self, metric: Metric, names: tuple[str, ...], begin: int, end: int) -> _Hours:
        """Those up to the watermark, since many instants are asked about; to `end` at least."""
        until = max(end, *(one.progress.watermark for one in self._partitions))
        panes = [Pane(Grain.HOUR, hour) for hour in range(begin, until, HOUR)]
        return _Hours(panes, self._counts(metric, names, panes))

    def days(
        self, metric: Metric, names: tuple[str, ...], instant: int, count: int
    ) -> Mapping[Labels, Series]:
        """So many whole local days at most before that of an instant, by the labels in `names`."""
        begin, calendar = self._since(metric, Grain.DAY), self.folding.calendar
        if begin is None:
            return {}
        today, *before = calendar.days_back(instant, count + 1)
        panes = [day for day in reversed(before) if day.start >= begin]
        midnights = [*(day.start for day in panes), today.start]
        found: dict[Labels, Series] = {}
        for labels, counts in self._counts(metric, names, panes).items():
            if metric.kind == "distinct":
                people = _People(self, metric, names, labels, panes)
                found[labels] = DailyCrowd(midnights, counts, people.of)
            else:
                found[labels] = Daily(midnights, counts)
        return found

    def of(self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]) -> Values:
        """What a metric was in panes that follow each other, by the labels in `names`."""
        units = [one.units.get(pane) for pane in panes for one in self._partitions]
        key = (metric.name, names, panes[0], len(panes))
        known = self._known.get(key)
        if known is None or not _are_same(known.units, units):
            known = self._known[key] = _Known(units, self.read(metric, names, panes))
        return known.values

    def read(self, metric: Metric, names: tuple[str, ...], panes: Iterable[Pane]) -> Values:
        """What a metric is in some panes, by the labels in `names`."""
        result = self._merged.aggregate(metric).result
        found = self._merged.read(metric, panes, names)
        return {labels: result(state).value for labels, state in found.items()}

    def _since(self, metric: Metric, grain: Grain) -> int | None:
        """Event time from which on panes are known whole and kept; None for none."""
        since = counted_since(self._partitions, self._fold_ids[metric.name])
        if since is None:
            return None
        return max(since, max(one.progress.watermark for one in self._partitions) - KEPT[grain])

    def _counts(
        self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]
    ) -> dict[Labels, Counts]:
        """The values of each pane, by labels."""
        found = [self.of(metric, names, [pane]) for pane in panes]
        labels = dict.fromkeys(one for values in found for one in values)
        return {
            one: np.array([values.get(one, 0.0) for values in found], np.float64) for one in labels
        }


class _People(NamedTuple):
    """Counts the different people of a series in stretches of panes."""

    past: Past
    metric: Metric
    names: tuple[str, ...]
    labels: Labels
    panes: Sequence[Pane]

    def of(self, first: int, last: int) -> float:
        """Of the panes from one place to another."""
        values = self.past.of(self.metric, self.names, self.panes[first:last])
        return values.get(self.labels, 0.0)

    def between_hours(self, begin: int, end: int) -> float:
        """From one full hour to another."""
        start = self.panes[0].start
        return self.of((begin - start) // HOUR, (end - start) // HOUR)


def _are_same(one: Sequence[Unit | None], other: Sequence[Unit | None]) -> bool:
    """Whether nothing changed: a unit that does is another object."""
    return len(one) == len(other) and all(map(is_, one, other))
