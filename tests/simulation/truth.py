"""What a log must come to: what a fresh partition makes of it, and what a loss excuses."""

from collections import Counter
from functools import cache

from streams.event import Rejected
from streams.folding import Folding
from streams.losses import Losses
from streams.panes import KEPT, LIFETIME, Grain, Pane
from streams.partition import Partition
from streams.unit import OUTCOMES
from tests.simulation.source import Source

POSITION = "watermark"
"""The entry of a canonical state that is no pane."""


class Wrong(AssertionError):
    """A promise is broken."""


class Truth:
    """The straight folds of one log."""

    def __init__(self, folding: Folding, source: Source) -> None:
        self._folding, self._source = folding, source
        self._at = cache(self._fold)
        self.broken = [letter.offset for letter in Partition(folding).fold(source.rows)]

    def _fold(self, offset: int) -> Partition:
        partition = Partition(self._folding)
        partition.fold([row for row in self._source.rows if row.offset < offset], offset)
        return partition

    def check(self, found: Partition, what: str) -> None:
        """Compare a whole partition; what differs must be declared lost. Raises Wrong."""
        truth, losses = self._at(found.offset), found.losses
        ours, theirs = found.canonical(), truth.canonical()
        lossless = losses == Losses()
        if lossless and found.dead_letters != truth.dead_letters:
            raise Wrong(f"{what}: dead letters {found.dead_letters}, not {truth.dead_letters}")
        if ours == theirs:
            return
        differing = {key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key)}
        if lossless:
            raise Wrong(f"{what} at {found.offset}: {self._differences(found, truth, differing)}")
        unexplained = {key for key in differing - {POSITION} if self._matters(key, found, truth)}
        if unexplained:
            told = self._differences(found, truth, unexplained)
            raise Wrong(f"{what} at {found.offset}: not covered by {losses}: {told}")
        self._check_sums(found)

    def _matters(self, name: str, found: Partition, truth: Partition) -> bool:
        """Whether a difference is not covered by a declared loss."""
        pane, calendar = Pane.parse(name), self._folding.calendar
        if not calendar.is_kept(pane, max(found.watermark, truth.watermark)):
            return False  # a loss may keep the watermark from moving on, or have it move sooner
        losses, reach = found.losses, found.watermark - KEPT[Grain.DAY]
        if pane.start <= reach and losses.records + losses.units:
            return False  # a loss is forgotten when no window reaches it any more
        return not any(loss.touches(pane, calendar.end(pane)) for loss in losses.known)

    def _differences(self, found: Partition, truth: Partition, names: set[str]) -> str:
        pairs = {name: (self._tell(found, name), self._tell(truth, name)) for name in sorted(names)}
        return ", ".join(f"{name}: {ours}, not {theirs}" for name, (ours, theirs) in pairs.items())

    def _tell(self, partition: Partition, name: str) -> object:
        """What a partition says of a pane, for people."""
        if name == POSITION:
            return (partition.offset, partition.watermark, partition.coverage.since)
        unit = partition.units.held.get(Pane.parse(name))
        results = {name: aggregate.result for name, aggregate in self._folding.aggregates.items()}
        return unit and {
            (metric.partition("@")[0], *labels): results[metric](value).value
            for metric, series in unit.state.items()
            for labels, value in series.items()
        }

    def _check_sums(self, found: Partition) -> None:
        """Nothing is counted twice, and what is not counted is declared lost. Raises Wrong."""
        unit = found.units.held.get(LIFETIME)
        read = sum(unit.state[OUTCOMES].values()) if unit and OUTCOMES in unit.state else 0
        total = sum(row.offset < found.offset for row in self._source.rows)
        gone = found.losses.records
        is_short = read + gone < total and not found.losses.units
        if read > total or is_short or gone > self._source.beginning:
            raise Wrong(f"{read} of {total} records were read, lost: {found.losses}")
        most = self._pages()
        for pane, unit in found.units.held.items():
            for metric, series in unit.state.items():
                if metric.startswith("views@") and sum(series.values()) > most[pane]:
                    raise Wrong(f"{pane}: {series} of {most[pane]} page views")

    def _pages(self) -> Counter[Pane]:
        """Page views by pane, whatever else is the matter with them."""
        rows = self._source.rows
        found: Counter[Pane] = Counter()
        for row, event in zip(rows, self._folding.decode([row.value for row in rows]), strict=True):
            if not isinstance(event, Rejected) and event.kind == "page":
                time = row.timestamp if event.time is None else event.time
                found.update(self._folding.calendar.panes(time - time % 60_000))
        return found
