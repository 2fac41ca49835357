"""Judges at an instant every metric that the catalogue says is watched, from the panes alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.baselines.baseline import Baseline
from streams.catalogue import Metric, Watch
from streams.panes import MINUTE, Grain, Pane
from streams.past import NOTHING, Past
from streams.series import Pairs
from streams.spikes.detector import WINDOWS, Verdict, judge

MOST_AHEAD = 5 * MINUTE
"""So far a partition may be ahead of the others before windows of hours are judged no more: their
last pane is the whole hour."""


class Watched(NamedTuple):
    """What is said of one series in one window."""

    metric: Metric
    watch: Watch
    labels: Pairs
    verdict: Verdict

    @property
    def is_alarm(self) -> bool:
        """Whether it differs far in the direction that is bad."""
        is_risen = self.verdict.is_spike and self.watch.alarm != "fall"
        return is_risen or (self.verdict.is_drop and self.watch.alarm != "rise")


class Watcher:
    """Watches one catalogue; it keeps nothing but the past it reads in."""

    def __init__(self, past: Past) -> None:
        self._past = past

    def look(self, instant: int) -> Iterator[Watched]:
        """Judge at an instant, in milliseconds; nothing is said of what cannot be judged.

        That is a series with too short a past, and a window of which something was lost, is not
        kept by all partitions any more, or holds what came after the instant. The past has taken
        the partitions.
        """
        folding, windows = self._past.folding, []
        for window in WINDOWS:
            panes = list(window.panes(instant, folding.calendar))
            is_ahead = window.grain is Grain.HOUR and self._is_ahead(instant)
            if self._past.is_whole(panes) and not is_ahead:
                windows.append((window.name, panes))
        for metric in folding.catalogue.metrics.values():
            if metric.watch is not None:
                yield from self._judge(metric, metric.watch, windows, instant)

    def _is_ahead(self, instant: int) -> bool:
        """Whether a partition has come so far that its present hour holds what is not asked for."""
        watermarks = (one.progress.watermark for one in self._past.partitions)
        return max(watermarks, default=instant) > instant + MOST_AHEAD

    def _judge(
        self,
        metric: Metric,
        watch: Watch,
        windows: Sequence[tuple[str, Sequence[Pane]]],
        instant: int,
    ) -> Iterator[Watched]:
        series = self._past.series(metric, watch.by, self._past.hours(metric, instant))
        baselines = {
            labels: Baseline(hours, self._past.folding.calendar) for labels, hours in series.items()
        }
        for window, panes in windows:
            seen = self._past.read(metric, watch.by, panes)
            for labels, baseline in sorted(baselines.items()):
                count = seen.get(labels, NOTHING).value
                verdict = judge(baseline, window, panes[-1].start, instant, count)
                if verdict is not None:
                    pairs = tuple(zip(watch.by, labels, strict=True))
                    yield Watched(metric, watch, pairs, verdict)
