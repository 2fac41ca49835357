"""Single numbers of a reading, with how many people or events stand behind each.

A metric with several parts is one figure: its main part, and the others beside it. They are of the
same answers, so they are shown together or not at all.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from streams.catalogue import Catalogue, Metric
from streams.persons.measures import MEASURES
from streams.scores import RESPONSES, groups
from streams.series import Pairs, Series, some_of

SIZED = ("count", "distinct")
"""Kinds of which the value itself is the number of events or persons."""


def is_own_size(metric: Metric) -> bool:
    """Whether the value itself is the number of events or persons that it is about."""
    return metric.kind in SIZED or (metric.kind == "persons" and MEASURES[metric.measure].is_number)


def is_sized(metric: Metric, catalogue: Catalogue) -> bool:
    """Whether the groups behind a metric's numbers are known."""
    if metric.kind != "ratio":
        return is_own_size(metric) or RESPONSES in metric.parts
    sides = (metric.numerator, metric.denominator)
    return all(is_own_size(catalogue.metrics[name]) for name in sides)


class Figure(NamedTuple):
    """A number, its standard error, and what it rests on."""

    value: float | None
    """None where too few answered to tell more than how many they are."""
    error: float
    n: float | None
    """Events or persons it was computed from: of a ratio its denominator; None when not kept."""
    least: float | None
    """The smallest group it tells of: of a ratio the smaller of both; None when not kept."""
    beside: tuple[tuple[str, float], ...] = ()
    """The other parts of the metric and their values."""


class _Place(NamedTuple):
    """Where a figure stands."""

    metric: Metric
    window: str | None
    labels: Pairs


class Figures:
    """Looks numbers up by metric, window and labels."""

    def __init__(self, catalogue: Catalogue, series: Iterable[Series]) -> None:
        self._metrics = catalogue.metrics
        self._found: dict[tuple[str, str | None], dict[Pairs, dict[str, Series]]] = {}
        self._windows: set[str | None] = set()
        for one in series:
            self._windows.add(one.window)
            rows = self._found.setdefault((one.metric.name, one.window), {})
            rows.setdefault(one.labels, {})[one.part] = one

    def labels(self, metric: Metric, window: str | None) -> list[Pairs]:
        """The label sets a metric has in a window."""
        return list(self._found.get((metric.name, window), ()))

    def of(self, metric: Metric, window: str | None, labels: Pairs) -> Figure | None:
        """The number of just these labels, of a count or sum also of all that have them.

        A count of an open label is 0 where the window was read and has no series of it.
        """
        place = _Place(metric, window, labels)
        rows = self._found.get((metric.name, window), {})
        exact = rows.get(labels)
        if exact is not None:
            return self._figure(place, exact)
        if not metric.has_total:
            return None
        main = metric.main_part
        some = [parts[main].value for held, parts in rows.items() if set(labels) <= set(held)]
        is_nothing = metric.kind == "count" and not labels and window in self._windows
        if not (some or is_nothing):
            return None
        return self._figure(place, {main: Series(*place, sum(some), 0)})

    def _figure(self, place: _Place, parts: Mapping[str, Series]) -> Figure:
        values = {part: one.value for part, one in parts.items()}
        n, least = self._sizes(place, values)
        main, *others = (part for part in place.metric.parts if part != RESPONSES)
        beside = tuple((part, values[part]) for part in others if part in values)
        error = parts[main].error if main in parts else 0
        return Figure(values.get(main), error, n, least, beside)

    def _sizes(
        self, place: _Place, values: Mapping[str, float]
    ) -> tuple[float | None, float | None]:
        """How many a figure rests on, and the smallest group it tells of; None when not kept."""
        metric = place.metric
        if metric.kind == "ratio":
            whole, part = self._side(place, metric.denominator), self._side(place, metric.numerator)
            return whole, None if whole is None or part is None else min(whole, part)
        if RESPONSES in values:
            return values[RESPONSES], min(groups(values))
        size = values[metric.main_part] if is_own_size(metric) else None
        return size, size

    def _side(self, place: _Place, name: str) -> float | None:
        """What a ratio was divided from or by; None when that is no number of anything."""
        metric = self._metrics[name]
        if not is_own_size(metric):
            return None
        rows = self._found.get((name, place.window), {})
        found = rows.get(some_of(place.labels, metric.labels_in(place.window)))
        return None if found is None else found[metric.main_part].value
