"""Judges at an instant every metric that the catalogue says is watched, from the panes alone."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from streams.baselines.baseline import Baseline
from streams.catalogue import Metric, Watch
from streams.panes import Pane
from streams.past import Past
from streams.series import Pairs
from streams.spikes.detector import WINDOWS, Verdict, judge


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

        That is a series with too short a past, and a window of which something was lost or is not
        kept by all partitions any more. The past has taken the partitions.
        """
        folding, windows = self._past.folding, []
        for window in WINDOWS:
            panes = list(window.panes(instant, folding.calendar))
            if self._past.is_whole(panes):
                windows.append((window.name, panes))
        for metric in folding.catalogue.metrics.values():
            if metric.watch is not None:
                yield from self._judge(metric, metric.watch, windows, instant)

    def _judge(
        self,
        metric: Metric,
        watch: Watch,
        windows: Sequence[tuple[str, Sequence[Pane]]],
        instant: int,
    ) -> Iterator[Watched]:
        series = self._past.hours(metric, watch.by, instant)
        baselines = {
            labels: Baseline(hours, self._past.folding.calendar) for labels, hours in series.items()
        }
        for window, panes in windows:
            seen = self._past.read(metric, watch.by, panes)
            for labels, baseline in sorted(baselines.items()):
                count = seen.get(labels, 0.0)
                verdict = judge(baseline, window, panes[-1].start, instant, count)
                if verdict is not None:
                    pairs = tuple(zip(watch.by, labels, strict=True))
                    yield Watched(metric, watch, pairs, verdict)
