"""Who reads the page, and which numbers may be shown to them.

The public is shown nothing that tells of fewer than a minimum of persons or events, nor what
together with the numbers around it would tell that: where a group is hidden, the hidden ones are at
least two and together no fewer than the minimum.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from streams.catalogue import Catalogue, Metric
from streams.figures import Figure, is_sized
from streams.history import DAY_WINDOW, Point
from streams.panes import Grain
from streams.series import Pairs
from streams.windows import WINDOWS

K = TypeVar("K", bound=Hashable)
DAY_WINDOWS = tuple(window.name for window in WINDOWS.values() if window.grain is Grain.DAY)
"""What the public sees: from shorter windows one could tell single persons by subtraction."""
SPANS = tuple(WINDOWS[name].count for name in DAY_WINDOWS if WINDOWS[name].count > 1)
"""Days that some window adds up: a single hidden one of these could be worked out."""


@dataclass(frozen=True)
class Audience:
    """The metrics shown, None for all of them, and the least group that may be told of."""

    metrics: tuple[str, ...] | None = None
    minimum_group: int = 0

    @property
    def is_public(self) -> bool:
        """Whether anybody may read it."""
        return self.metrics is not None

    def windows(self, metric: Metric) -> list[str]:
        """The windows shown of a metric, the shortest first."""
        shown = DAY_WINDOWS if self.is_public else tuple(WINDOWS)
        return [name for name in shown if name in metric.windows]

    def hidden_rows(self, rows: Mapping[Pairs, Figure]) -> frozenset[Pairs]:
        """Label sets that are not shown beside the others.

        Of several labels no value may tell of what is hidden of it either: another metric may tell
        what it comes to, as `conversions` does of each goal of `conversions_by_platform`.
        """
        sizes = {labels: figure.least for labels, figure in rows.items()}
        hidden, before = self._hidden(sizes), None
        while hidden != before:
            before = hidden
            for group in _groups(sizes):
                some = {labels: sizes[labels] for labels in group}
                hidden = hidden | self._hidden(some, hidden & some.keys())
        return hidden

    def hides(self, figure: Figure) -> bool:
        """Whether a number that stands alone is hidden."""
        return bool(self._hidden({(): figure.least}))

    def hidden_days(
        self, points: Sequence[Point], already: frozenset[int] = frozenset()
    ) -> frozenset[int]:
        """Places of the days that are not shown, beside those that are hidden `already`."""
        sizes = {i: p.figure.least for i, p in enumerate(points) if p.figure is not None}
        hidden = frozenset(already)
        while self.is_public:
            before = hidden
            for span in SPANS:
                last = {i: size for i, size in sizes.items() if i >= len(points) - span}
                hidden = hidden | self._hidden(last, hidden & last.keys())
            if hidden == before:
                break
        return hidden

    def _hidden(
        self, sizes: Mapping[K, float | None], already: frozenset[K] = frozenset()
    ) -> frozenset[K]:
        """What is too small, and of the rest the smallest, while the hidden could be told."""
        if not self.is_public:
            return frozenset()
        known = {key: size for key, size in sizes.items() if size is not None}
        small = frozenset(key for key, size in known.items() if size < self.minimum_group)
        hidden = small | (sizes.keys() - known.keys()) | already
        rest = sorted(known.keys() - hidden, key=lambda key: known[key])
        while (
            hidden
            and rest
            and (len(hidden) == 1 or sum(known.get(key, 0) for key in hidden) < self.minimum_group)
        ):
            hidden = hidden | {rest.pop(0)}
        return hidden


def _groups(rows: Iterable[Pairs]) -> list[list[Pairs]]:
    """Rows of several labels, by each value of each label."""
    groups: dict[tuple[str, str], list[Pairs]] = {}
    for labels in rows:
        for pair in labels if len(labels) > 1 else ():
            groups.setdefault(pair, []).append(labels)
    return list(groups.values())


PRIVATE = Audience()


def can_be_public(metric: Metric, catalogue: Catalogue) -> bool:
    """Whether a metric has days, and tells how many stand behind them."""
    return is_sized(metric, catalogue) and any(name in DAY_WINDOWS for name in metric.windows)


def day_of_window(window: str | None) -> int | None:
    """How many days ago the one day was that a window is made of; None for longer windows."""
    return {DAY_WINDOW: 0, "yesterday": 1}.get(window or "")
