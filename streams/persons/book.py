"""What the sheets of all shards say at one instant.

A shard holds a part of the persons, and no person is in two, so shards add up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from streams.aggregates import Estimate
from streams.panes import LIFETIME, Calendar, Grain, Pane
from streams.published import Published
from streams.routing import Labels
from streams.windows import WINDOWS, Window

Values = dict[Labels, Estimate]
Counted = Callable[[str, Iterable[Pane]], Mapping[Labels, float]]
"""What the partitions of the source say of a metric in some panes."""
DAYS_OF = {name: window for name, window in WINDOWS.items() if window.grain is Grain.DAY}
"""The windows of local days: what is asked of them of persons is exact."""


class Book:
    """The sheets of all shards, and beside them the panes of the source."""

    def __init__(
        self,
        shards: Sequence[Published],
        instant: int,
        calendar: Calendar,
        counted: Counted,
        cut: Mapping[str, Window] = WINDOWS,
    ) -> None:
        self._shards, self._cut = shards, cut
        self._instant, self._calendar = instant, calendar
        self.counted = counted

    @property
    def shards(self) -> int:
        """How many there are."""
        return len(self._shards)

    def day(self, back: int) -> Pane:
        """The local day so many before the instant's."""
        return list(self._calendar.days_back(self._instant, back + 1))[-1]

    def month(self, back: int) -> list[Pane]:
        """The 30 days that end with the one so many before the instant's."""
        return list(self._calendar.days_back(self.day(back).start, 30))

    def panes(self, window: str) -> list[Pane]:
        """The panes of a window."""
        return list(self._cut[window].panes(self._instant, self._calendar))

    def days_from(self, pane: Pane) -> list[Pane]:
        """The days there are sheets of, from one on."""
        found = {p for shard in self._shards for p in shard.units if p.grain is Grain.DAY}
        return [day for day in found if day.start >= pane.start]

    def counts(self, name: str, panes: Iterable[Pane]) -> Counter[Labels]:
        """What is counted under a name, by its labels, in several panes together."""
        found: Counter[Labels] = Counter()
        for pane in panes:
            for shard in self._shards:
                unit = shard.units.get(pane)
                if unit:
                    found.update(unit.state.get(name, {}))
        return found

    def ever(self, name: str) -> Counter[Labels]:
        """What is counted of the lifetime."""
        return self.counts(name, [LIFETIME])

    def by_now(self, name: str) -> Counter[Labels]:
        """The same without what days add that begin at the instant or after it."""
        later = self.days_from(Pane(Grain.DAY, self._instant))
        return self.ever(name) - self.counts(name, later)

    def at(self, name: str, pane: Pane, span: int) -> Counter[Labels]:
        """What a sheet counts of so many days that end with it, by the other labels."""
        counts = self.counts(name, [pane])
        return Counter({ls[:-1]: n for ls, n in counts.items() if ls[-1] == str(span)})

    def within(self, name: str, window: str) -> Counter[Labels]:
        """The same of a window of local days."""
        days = DAYS_OF[window]
        return self.at(name, self.day(days.skip), days.count)


def share(part: float, whole: float) -> Estimate | None:
    """A ratio; None where there is nothing to have a part of."""
    return Estimate(part / whole, 0) if whole else None


def exactly(counts: Mapping[Labels, float]) -> Values:
    """Counts as values."""
    return {labels: Estimate(count, 0) for labels, count in counts.items()}
