"""Single numbers of a reading, with how many people or events stand behind each."""

from collections.abc import Iterable
from typing import NamedTuple

from streams.catalogue import Catalogue, Metric
from streams.reading import Series

Pairs = tuple[tuple[str, str], ...]
"""Names and values of labels, as in `Series`."""
SIZED = ("count", "distinct")
"""Kinds of which the value itself is the number of events or persons."""


def is_sized(metric: Metric, catalogue: Catalogue) -> bool:
    """Whether the groups behind a metric's numbers are known."""
    if metric.kind != "ratio":
        return metric.kind in SIZED
    parts = (metric.numerator, metric.denominator)
    return all(catalogue.metrics[name].kind in SIZED for name in parts)


class Figure(NamedTuple):
    """A number, its standard error, and what it rests on."""

    value: float
    error: float
    n: float | None
    """Events or persons it was computed from: of a ratio its denominator; None when not kept."""
    least: float | None
    """The smallest group it tells of: of a ratio the smaller of both; None when not kept."""


class Figures:
    """Looks numbers up by metric, window and labels."""

    def __init__(self, catalogue: Catalogue, series: Iterable[Series]) -> None:
        self._metrics = catalogue.metrics
        self._found: dict[tuple[str, str | None], dict[Pairs, Series]] = {}
        self._windows: set[str | None] = set()
        for one in series:
            self._windows.add(one.window)
            self._found.setdefault((one.metric.name, one.window), {})[one.labels] = one

    def labels(self, metric: Metric, window: str | None) -> list[Pairs]:
        """The label sets a metric has in a window."""
        return list(self._found.get((metric.name, window), ()))

    def of(self, metric: Metric, window: str | None, labels: Pairs) -> Figure | None:
        """The number of just these labels, of a count or sum also of all that have them.

        A count of an open label is 0 where the window was read and has no series of it.
        """
        rows = self._found.get((metric.name, window), {})
        exact = rows.get(labels)
        if exact is not None:
            return self._figure(exact)
        some = [one.value for one in rows.values() if set(labels) <= set(one.labels)]
        is_nothing = metric.kind == "count" and not labels and window in self._windows
        if not metric.has_total or not (some or is_nothing):
            return None
        return self._figure(Series(metric, window, labels, sum(some), 0))

    def _figure(self, one: Series) -> Figure:
        kind = one.metric.kind
        if kind == "ratio":
            whole, part = (
                self._part(one, one.metric.denominator),
                self._part(one, one.metric.numerator),
            )
            least = None if whole is None or part is None else min(whole, part)
            return Figure(one.value, one.error, whole, least)
        size = one.value if kind in SIZED else None
        return Figure(one.value, one.error, size, size)

    def _part(self, one: Series, name: str) -> float | None:
        """What a ratio was divided from or by; None when that is no number of anything."""
        if self._metrics[name].kind not in SIZED:
            return None
        rows = self._found.get((name, one.window), {})
        found = rows.get(one.labels) or rows.get(())
        return None if found is None else found.value
