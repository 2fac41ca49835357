"""What the panes say at one instant: every series of every metric, merged over the partitions.

Everything of a scrape is read at one `as_of`, from all partitions or not at all; see `Reading.of`.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from streams import freshness
from streams.aggregates import Aggregate, Estimate
from streams.catalogue import DERIVED, OTHER, Catalogue, Metric
from streams.completeness import are_kept, has_loss, reach_back
from streams.folding import Folding
from streams.merging import Merged
from streams.panes import GRACE, LIFETIME, NO_WATERMARK
from streams.persons.book import DAYS_OF, Book
from streams.persons.measures import MEASURES
from streams.published import Published
from streams.routing import Labels
from streams.scores import told
from streams.series import Pairs, Series, some_of
from streams.windows import WINDOWS, Window

TOTAL = "total"
EVERYTHING: tuple[str | None, ...] = (None, *WINDOWS)
EXPORT_LIMIT = 100
"""Most label sets of an open label in a windowed gauge; the rest is summed as `__other__`."""


def as_of(partitions: Iterable[Published]) -> int:
    """The one instant of a scrape: what no partition is behind, in milliseconds."""
    return min(_instant(partition) for partition in partitions)


def _instant(partition: Published) -> int:
    progress = partition.progress
    return freshness.instant(progress.caught_up_at, progress.published_at, progress.watermark)


@dataclass
class Reading:
    """Every series at one instant."""

    as_of: int
    series: list[Series] = field(default_factory=list)
    complete: dict[str, bool] = field(default_factory=dict)
    """Window -> whether the data reaches back over all of it and nothing of it was lost."""
    final_until: int = NO_WATERMARK
    """Panes that end at or before this instant can no longer change."""
    overflow: dict[tuple[str, str], bool] = field(default_factory=dict)
    """(metric, window or "total") -> whether a limit put label sets together as `__other__`."""

    @classmethod
    def of(
        cls,
        folding: Folding,
        partitions: Sequence[Published],
        instant: int,
        windows: Collection[str | None] = EVERYTHING,
        shards: Sequence[Published] = (),
        cut: Mapping[str, Window] = WINDOWS,
        merged: Merged | None = None,
    ) -> "Reading":
        """Read all metrics at `instant`, in all windows or in some; None is what has no window.

        Without shards of persons nothing is said that needs them. `cut` says which panes a window
        is made of, `merged` may remember what was merged of these partitions before.
        """
        reading = cls(instant)
        merged = merged or Merged(folding, partitions)
        asked = [window for name, window in cut.items() if name in windows]
        panes = {w.name: list(w.panes(instant, folding.calendar)) for w in asked}
        # A part of a window is gone where a partition is far ahead of this instant.
        kept = {name for name, found in panes.items() if are_kept(folding, partitions, found)}
        for metric in folding.catalogue.metrics.values():
            if metric.kind in DERIVED:
                continue
            aggregate = merged.aggregate(metric)
            if metric.has_total and None in windows:
                labelled = merged.read(metric, [LIFETIME], metric.labels)
                reading._add(metric, None, labelled, aggregate)
                reading._note_overflow(folding, metric, TOTAL, metric.labels, labelled)
            for name in metric.windows:
                if name not in kept or (shards and metric.measure and name in DAYS_OF):
                    continue
                labelled = merged.read(metric, panes[name], metric.window_labels)
                labelled = reading._limit(folding, metric, name, labelled, aggregate)
                reading._add(metric, name, labelled, aggregate)
        asked_of = {*kept, None} if None in windows else kept
        book = Book(shards, instant, folding.calendar, merged.values, cut)
        reading._add_measures(folding, merged, book, asked_of)
        reading._add_ratios(folding.catalogue)
        everybody = [*partitions, *shards]
        reading.complete = {
            name: reach_back(everybody, found[-1]) and not has_loss(folding, everybody, found)
            for name, found in panes.items()
        }
        reading.final_until = min(p.progress.watermark for p in everybody) - GRACE
        return reading

    @classmethod
    def without_windows(
        cls,
        folding: Folding,
        partitions: Sequence[Published],
        instant: int,
        shards: Sequence[Published],
    ) -> "Reading":
        """What shards of persons say at an instant of metrics that have no windows."""
        reading, merged = cls(instant), Merged(folding, partitions)
        book = Book(shards, instant, folding.calendar, merged.values)
        reading._add_measures(folding, merged, book, (None,))
        return reading

    def of_window(self, metric: str, window: str | None) -> Iterator[Series]:
        """The series of a metric in a window."""
        return (s for s in self.series if s.metric.name == metric and s.window == window)

    def _add(
        self,
        metric: Metric,
        window: str | None,
        found: Mapping[Labels, Any],
        aggregate: Aggregate,
    ) -> None:
        names = metric.labels_in(window)
        for labels in sorted(found):
            pairs = tuple(zip(names, labels, strict=True))
            if metric.kind == "score":
                for part, value in told(metric, found[labels]):
                    self.series.append(Series(metric, window, pairs, value, 0, part))
                continue
            value, error = aggregate.result(found[labels])
            self.series.append(Series(metric, window, pairs, value, error))

    def _limit(
        self,
        folding: Folding,
        metric: Metric,
        window: str,
        found: dict[Labels, Any],
        aggregate: Aggregate,
    ) -> dict[Labels, Any]:
        """Keep the largest series of a metric with open labels, the rest as one."""
        open_columns = _open_columns(folding, metric.window_labels)
        if not open_columns:
            return found
        sizes = {labels: aggregate.result(state).value for labels, state in found.items()}
        ranked = sorted(found, key=lambda labels: (-sizes[labels], labels))
        kept = {labels: found[labels] for labels in ranked[:EXPORT_LIMIT]}
        for labels in ranked[EXPORT_LIMIT:]:
            other = tuple(OTHER if i in open_columns else v for i, v in enumerate(labels))
            held = [kept[other]] if other in kept else []
            kept[other] = aggregate.merge([*held, found[labels]])
        self._note_overflow(folding, metric, window, metric.window_labels, kept)
        return kept

    def _largest(
        self, folding: Folding, metric: Metric, window: str, found: dict[Labels, Estimate]
    ) -> dict[Labels, Estimate]:
        """Keep the largest series with open labels; of persons the rest does not add up."""
        if len(found) > EXPORT_LIMIT and _open_columns(folding, metric.window_labels):
            ranked = sorted(found, key=lambda labels: (-found[labels].value, labels))
            found = {labels: found[labels] for labels in ranked[:EXPORT_LIMIT]}
            self.overflow[metric.name, window] = True
        else:
            self._note_overflow(folding, metric, window, metric.window_labels, found)
        return found

    def _note_overflow(
        self,
        folding: Folding,
        metric: Metric,
        window: str,
        names: Sequence[str],
        found: Iterable[Labels],
    ) -> None:
        """Say whether a limit put label sets together."""
        columns = _open_columns(folding, names)
        if columns:
            self.overflow[metric.name, window] = any(
                values[column] == OTHER for values in found for column in columns
            )

    def _add_measures(
        self,
        folding: Folding,
        merged: Merged,
        book: Book,
        windows: Container[str | None],
    ) -> None:
        """Ask the shards, if there are any."""
        for metric in folding.catalogue.metrics.values() if book.shards else ():
            for window in (metric.windows or (None,)) if metric.measure else ():
                if window not in windows:
                    continue
                measure = MEASURES[metric.measure]
                found = measure.ask(book, window)
                found = self._largest(folding, metric, window or TOTAL, found)
                if measure.is_filled:
                    nothing = merged.preset(metric.window_labels)
                    found = dict.fromkeys(nothing, Estimate(0, 0)) | found
                for labels, (value, error) in sorted(found.items()):
                    pairs = tuple(zip(metric.window_labels, labels, strict=True))
                    self.series.append(Series(metric, window, pairs, value, error))

    def _add_ratios(self, catalogue: Catalogue) -> None:
        values: dict[tuple[str, str | None], dict[Pairs, float]] = {}
        for one in self.series:
            values.setdefault((one.metric.name, one.window), {})[one.labels] = one.value
        for metric in catalogue.metrics.values():
            for window in (metric.windows or (None,)) if metric.kind == "ratio" else ():
                wholes = values.get((metric.denominator, window), {})
                names = catalogue.metrics[metric.denominator].labels_in(window)
                for labels, value in values.get((metric.numerator, window), {}).items():
                    whole = wholes.get(some_of(labels, names))
                    if whole and whole >= metric.minimum:
                        self.series.append(Series(metric, window, labels, value / whole, 0))


def _open_columns(folding: Folding, names: Sequence[str]) -> list[int]:
    """Places of the labels with open sets."""
    labels = folding.catalogue.labels
    return [column for column, name in enumerate(names) if not labels[name].values]
