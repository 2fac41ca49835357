"""One number of a reading, and the labels it goes by."""

from collections.abc import Sequence
from typing import NamedTuple

from streams.catalogue import PREFIX, Metric

Pairs = tuple[tuple[str, str], ...]
"""Names and values of labels."""


class Series(NamedTuple):
    """One value of a metric; `window` is None for a lifetime counter."""

    metric: Metric
    window: str | None
    labels: Pairs
    value: float
    error: float
    part: str = ""
    """Which of the metric's gauges it belongs to, see `Metric.parts`."""

    @property
    def name(self) -> str:
        """The name it is exported under, without the prefix."""
        metric = self.metric
        is_total = metric.is_total(self.window)
        name = metric.total_name if is_total else metric.gauge_name(self.part)
        return name.removeprefix(PREFIX)

    @property
    def exported_labels(self) -> dict[str, str]:
        """Its labels and, unless it is a total, its window."""
        return dict(self.labels) | ({} if self.window is None else {"window": self.window})


def some_of(labels: Pairs, names: Sequence[str]) -> Pairs:
    """Of labels those of these names, in their order: of what a ratio's denominator is told by."""
    held = dict(labels)
    return tuple((name, held[name]) for name in names if name in held)
