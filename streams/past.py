"""What a metric was in each past hour and day: what tells what to expect.

It is read from the panes of hours and of days, so it reaches back as far as these are kept (35 and
400 days). What was read is remembered from one snapshot to the next while the units it is made of
stay the same; that never changes what is said.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import numpy as np

from streams.aggregates import Estimate
from streams.baselines.baseline import Series
from streams.baselines.crowd import Crowd
from streams.baselines.daily import Daily, DailyCrowd
from streams.baselines.hourly import Counts, Hourly
from streams.catalogue import Metric
from streams.completeness import are_kept, counted_since, has_loss
from streams.folding import Folding
from streams.merging import Merged
from streams.panes import HOUR, KEPT, Grain, Pane
from streams.published import Published, are_same
from streams.routing import Labels
from streams.unit import Unit

NOTHING = Estimate(0, 0)

Values = Mapping[Labels, Estimate]
Units = tuple[Unit | None, ...]
"""What each partition holds of one pane; the same object as long as none of them changes."""
Told = TypeVar("Told")


class Past:
    """The past of every metric that keeps a state; `take` a snapshot, then ask."""

    def __init__(self, folding: Folding) -> None:
        self.folding = folding
        self.partitions: Sequence[Published] = ()
        self._fold_ids = {metric.name: fold_id for fold_id, metric in folding.metrics.items()}
        self._merged = Merged(folding, ())
        self._units: dict[Pane, Units] = {}
        self._told: dict[Hashable, tuple[Sequence[Units], Any]] = {}
        self._before = self._units, self._told
        """What the last snapshot was asked for; older things are forgotten."""

    def take(self, partitions: Sequence[Published]) -> None:
        """Answer from these partitions from now on."""
        self.partitions, self._merged = partitions, Merged(self.folding, partitions)
        self._before = self._units, self._told
        self._units, self._told = {}, {}

    def is_whole(self, panes: Sequence[Pane]) -> bool:
        """Whether all of some panes is kept, and nothing of it was declared lost."""
        return are_kept(self.folding, self.partitions, panes) and not has_loss(
            self.folding, self.partitions, panes
        )

    def hours(self, metric: Metric, instant: int) -> Sequence[Pane]:
        """The hours up to an instant of which the metric is known whole, the first one first."""
        begin = self._since(metric, Grain.HOUR)
        if begin is None:
            return []
        return _hours_between(begin + -begin % HOUR, instant - instant % HOUR)

    def days(self, metric: Metric, instant: int, count: int) -> Sequence[Pane]:
        """So many local days at most before that of an instant, the first one first."""
        begin = self._since(metric, Grain.DAY)
        if begin is None:
            return []
        _, *before = self.folding.calendar.days_back(instant, count + 1)
        return [day for day in reversed(before) if day.start >= begin]

    def series(
        self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]
    ) -> Mapping[Labels, Series]:
        """A metric in hours, or days, that follow each other, by the labels in `names`.

        Counts add up over panes; people do not, so of a distinct metric stretches are counted.
        """
        make = self._hourly if panes and panes[0].grain is Grain.HOUR else self._daily
        is_crowd = metric.kind == "distinct"
        return {
            labels: make(
                panes, counts, _People(self, metric, names, labels, panes) if is_crowd else None
            )
            for labels, counts in self._counts(metric, names, panes).items()
        }

    @staticmethod
    def _hourly(panes: Sequence[Pane], counts: Counts, people: "_People | None") -> Series:
        hourly = Hourly(panes[0].start, counts)
        return hourly if people is None else Crowd(hourly, people.between_hours)

    def _daily(self, panes: Sequence[Pane], counts: Counts, people: "_People | None") -> Series:
        midnights = [*(day.start for day in panes), self.folding.calendar.end(panes[-1])]
        if people is None:
            return Daily(midnights, counts)
        return DailyCrowd(midnights, counts, people.of)

    def of(self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]) -> Values:
        """What a metric was in panes that follow each other, by the labels in `names`."""
        asked = metric.name, names, panes[0], len(panes)
        return self.recall(asked, panes, lambda: self.read(metric, names, panes))

    def read(self, metric: Metric, names: tuple[str, ...], panes: Iterable[Pane]) -> Values:
        """What a metric is in some panes, by the labels in `names`."""
        result = self._merged.aggregate(metric).result
        found = self._merged.read(metric, panes, names)
        return {labels: result(state) for labels, state in found.items()}

    def recall(self, asked: Hashable, panes: Sequence[Pane], tell: Callable[[], Told]) -> Told:
        """What was told when the same was asked of the same units, or what is told now."""
        units = [self._held(pane) for pane in panes]
        known = self._told.get(asked) or self._before[1].get(asked)
        if known is None or not are_same(known[0], units):
            known = units, tell()
        self._told[asked] = known
        told: Told = known[1]
        return told

    def _held(self, pane: Pane) -> Units:
        """What the partitions hold of a pane."""
        found = self._units.get(pane)
        if found is None:
            found = tuple(one.units.get(pane) for one in self.partitions)
            before = self._before[0].get(pane, ())
            found = self._units[pane] = before if are_same(before, found) else found
        return found

    def _since(self, metric: Metric, grain: Grain) -> int | None:
        """Event time from which on panes are known whole and kept; None for none."""
        since = counted_since(self.partitions, self._fold_ids[metric.name])
        if since is None:
            return None
        return max(since, max(one.progress.watermark for one in self.partitions) - KEPT[grain])

    def _counts(
        self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]
    ) -> Mapping[Labels, Counts]:
        """The values of each pane, by labels."""

        def read() -> dict[Labels, Counts]:
            found = [self.of(metric, names, [pane]) for pane in panes]
            labels = dict.fromkeys(one for values in found for one in values)
            return {
                one: np.array([values.get(one, NOTHING).value for values in found], np.float64)
                for one in labels
            }

        if not panes:
            return {}
        return self.recall(("counts", metric.name, names, panes[0], len(panes)), panes, read)


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
        return values.get(self.labels, NOTHING).value

    def between_hours(self, begin: int, end: int) -> float:
        """From one full hour to another."""
        start = self.panes[0].start
        return self.of((begin - start) // HOUR, (end - start) // HOUR)


@lru_cache(maxsize=128)
def _hours_between(begin: int, end: int) -> Sequence[Pane]:
    """Kept, since hundreds of them are asked for again at each scrape."""
    return [Pane(Grain.HOUR, start) for start in range(begin, end, HOUR)]
