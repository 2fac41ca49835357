"""What a metric was in each of the past hours: the counts that tell what to expect.

Hours are read from the panes of hours, so they reach back as far as these are kept (35 days). What
was read is remembered while the units it is made of stay the same; it never changes what is said.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from operator import is_
from typing import NamedTuple

from streams.baselines.crowd import Crowd
from streams.baselines.hourly import Hourly
from streams.catalogue import Metric
from streams.completeness import counted_since
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


class Hours:
    """Reads hours of any metric that keeps a state; `take` a snapshot, then ask."""

    def __init__(self, folding: Folding) -> None:
        self._folding = folding
        self._fold_ids = {metric.name: fold_id for fold_id, metric in folding.metrics.items()}
        self._known: dict[tuple[str, tuple[str, ...], int, int], _Known] = {}
        self._partitions: Sequence[Published] = ()
        self._merged = Merged(folding, ())

    def take(self, partitions: Sequence[Published]) -> None:
        """Answer from these partitions from now on."""
        self._partitions, self._merged = partitions, Merged(self._folding, partitions)
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()

    def begin(self, metric: Metric) -> int | None:
        """Start of the first hour that is known whole, in milliseconds; None for none."""
        since = counted_since(self._partitions, self._fold_ids[metric.name])
        if since is None:
            return None
        latest = max(one.progress.watermark for one in self._partitions)
        # A pane is dropped with the watermark that is so far behind its end.
        begin = max(since, latest - KEPT[Grain.HOUR])
        return begin + -begin % HOUR

    def series(
        self, metric: Metric, names: Sequence[str], instant: int
    ) -> dict[Labels, Hourly | Crowd]:
        """The hours of a metric up to an instant, by the labels in `names`.

        Counts add up over hours; people do not, so a distinct metric gives a `Crowd`.
        """
        begin, end = self.begin(metric), instant - instant % HOUR
        if begin is None or begin >= end:
            return {}
        read = partial(self.between, metric, tuple(names))
        found = {hour: read(hour, hour + HOUR) for hour in range(begin, end, HOUR)}
        labels = dict.fromkeys(label for values in found.values() for label in values)
        if metric.kind == "distinct":
            return {one: _crowd(read, one, found, begin, end) for one in labels}
        return {one: Hourly.of(_of(found, one), begin, end) for one in labels}

    def between(self, metric: Metric, names: tuple[str, ...], begin: int, end: int) -> Values:
        """What a metric was in the whole hours of [begin, end), in milliseconds, by labels."""
        panes = _panes(begin, end)
        units = [one.units.get(pane) for pane in panes for one in self._partitions]
        key = (metric.name, names, begin, end)
        known = self._known.get(key)
        if known is None or not _are_same(known.units, units):
            known = self._known[key] = _Known(units, self.read(metric, names, panes))
        return known.values

    def read(self, metric: Metric, names: Sequence[str], panes: Iterable[Pane]) -> Values:
        """What a metric is in some panes, by the labels in `names`."""
        result = self._merged.aggregate(metric).result
        found = self._merged.read(metric, panes, names)
        return {labels: result(state).value for labels, state in found.items()}


@lru_cache(MOST_REMEMBERED)
def _panes(begin: int, end: int) -> list[Pane]:
    return [Pane(Grain.HOUR, hour) for hour in range(begin, end, HOUR)]


def _are_same(one: Sequence[Unit | None], other: Sequence[Unit | None]) -> bool:
    """Whether nothing changed: a unit that does is another object."""
    return len(one) == len(other) and all(map(is_, one, other))


def _of(found: Mapping[int, Values], labels: Labels) -> dict[int, float]:
    return {hour: values.get(labels, 0.0) for hour, values in found.items()}


def _crowd(
    read: Callable[[int, int], Values],
    labels: Labels,
    found: Mapping[int, Values],
    begin: int,
    end: int,
) -> Crowd:
    def people(begin: int, end: int) -> float:
        return read(begin, end).get(labels, 0.0)

    return Crowd(Hourly.of(_of(found, labels), begin, end), people)
