"""What a scrape would have said at past instants: where that is known exactly, and no other.

State is kept by pane, so what was known in the middle of one is gone. At the last instant of an
hour and of a local day, windows are made of whole panes, and are read by the code that reads a
scrape. `5m` is left out: its minutes are kept for two hours, in which Prometheus takes no blocks.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.catalogue import Metric
from streams.folding import Folding
from streams.panes import GRACE, HOUR, KEPT, NO_WATERMARK, Grain, Pane
from streams.persons.measures import MEASURES, Known
from streams.published import Published
from streams.reading import Reading, as_of
from streams.windows import AT_THE_HOUR

HOUR_WINDOWS = ("1h", "24h", "yesterday")
DAY_WINDOWS = ("today", "yesterday", "7d", "30d")
LASTING_DAYS = 62
"""So many days are asked, the instant's own included, by measures that have no window."""
AHEAD = HOUR
"""A shard may have heard of later events, and dropped older panes, than is published beside it."""


class End(NamedTuple):
    """The last instant of an hour, of a local day, or of both."""

    instant: int
    """In milliseconds."""
    windows: tuple[str, ...]
    is_day: bool


class Backfill:
    """Reads one snapshot at past instants."""

    def __init__(
        self, folding: Folding, partitions: Sequence[Published], shards: Sequence[Published] = ()
    ) -> None:
        self._folding, self._partitions, self._shards = folding, partitions, shards
        everybody = [*partitions, *shards]
        watermarks = [one.progress.watermark for one in everybody]
        self._latest = max(watermarks) + AHEAD
        self.known_until = as_of(everybody)
        """Everything that happened before has arrived, but for what is late."""
        self.final_until = min(min(watermarks) - GRACE, self.known_until)
        """Nothing can change before this instant."""
        begun = [one.progress.begun for one in partitions if one.progress.since]
        self.begun = min(begun, default=self.known_until)
        """Event time of the first record."""
        self._since = {
            metric.name: self._counted_since(metric)
            for metric in folding.catalogue.metrics.values()
        }

    def ends(self, begin: int, until: int) -> Iterator[End]:
        """The instants in [begin, until) of which panes are kept, in their order."""
        calendar = self._folding.calendar
        time = max(begin, self.begun, self._latest - KEPT[Grain.DAY])
        while True:
            hour = time - time % HOUR + HOUR
            day = calendar.end(Pane(Grain.DAY, calendar.day_start(time)))
            time = min(hour, day)
            if time > until:
                return
            is_hour = time == hour and self._keeps("1h", time - 1)
            names = (HOUR_WINDOWS if is_hour else ()) + (DAY_WINDOWS if time == day else ())
            windows = tuple(name for name in dict.fromkeys(names) if self._keeps(name, time - 1))
            if windows:
                yield End(time - 1, windows, time == day)

    def read(self, end: End) -> Reading:
        """What is known of an instant: no counter, and no metric from before it was counted."""
        folding, partitions, shards = self._folding, self._partitions, self._shards
        reading = Reading.of(folding, partitions, end.instant, end.windows, shards, AT_THE_HOUR)
        if self._keeps_lasting(end.instant):
            lasting = Reading.without_windows(folding, partitions, end.instant, shards)
            reading.series += lasting.series
            reading.overflow |= lasting.overflow
        metrics = folding.catalogue.metrics
        known = {name for name, metric in metrics.items() if self._knows(metric, end)}
        reading.series = [one for one in reading.series if one.metric.name in known]
        reading.overflow = {of: told for of, told in reading.overflow.items() if of[0] in known}
        return reading

    def earliest(self, window: str) -> int | None:
        """Begin of the first window of that name that can be read; None where there is none."""
        found = self.ends(self.begun, self.known_until)
        first = next((end.instant for end in found if window in end.windows), None)
        return None if first is None else self._oldest(window, first).start

    def unknown(self) -> list[Metric]:
        """Metrics that no past instant is known of."""
        metrics = self._folding.catalogue.metrics.values()
        return [metric for metric in metrics if self._past(metric) is Known.NEVER]

    def _keeps(self, window: str, instant: int) -> bool:
        return self._folding.calendar.is_kept(self._oldest(window, instant), self._latest)

    def _oldest(self, window: str, instant: int) -> Pane:
        *_, oldest = AT_THE_HOUR[window].panes(instant, self._folding.calendar)
        return oldest

    def _keeps_lasting(self, instant: int) -> bool:
        calendar = self._folding.calendar
        *_, oldest = calendar.days_back(instant, LASTING_DAYS)
        return calendar.is_kept(oldest, self._latest)

    def _knows(self, metric: Metric, end: End) -> bool:
        past = self._past(metric)
        is_kept = past is Known.ALWAYS or (past is Known.DAY_ENDS and end.is_day)
        return is_kept and self._since[metric.name] <= end.instant

    def _past(self, metric: Metric) -> Known:
        """Of a ratio what holds for both of its sides."""
        if metric.kind == "ratio":
            return max(map(self._past, self._sides(metric)), key=lambda past: past.value)
        return MEASURES[metric.measure].past if metric.measure else Known.ALWAYS

    def _counted_since(self, metric: Metric) -> int:
        """Event time from which the metric is there."""
        if metric.kind == "ratio":
            return max(map(self._counted_since, self._sides(metric)))
        fold_id = self._folding.catalogue.fold_id(metric)
        found = [one.progress.since.get(fold_id, NO_WATERMARK) for one in self._partitions]
        if metric.measure:
            found += [time for one in self._shards for time in one.progress.since.values()]
        return max(found)

    def _sides(self, metric: Metric) -> list[Metric]:
        metrics = self._folding.catalogue.metrics
        return [metrics[metric.numerator], metrics[metric.denominator]]
