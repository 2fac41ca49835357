"""What past weeks let expect of the watched metrics beside what is there, and whether that is bad.

Each sample has the labels `metric` and `window`, and those by which the metric is watched.
"""

from collections.abc import Iterable, Iterator

from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.gauges import Gauge, families
from streams.spikes.detector import LEAST_EXPECTED, LIMIT
from streams.spikes.watcher import Watched

GAUGES: tuple[Gauge[Watched], ...] = (
    Gauge(
        "watched_seen",
        "What was counted of a watched metric in the window so far.",
        lambda one: one.verdict.seen,
    ),
    Gauge(
        "watched_expected",
        "What the same hours of past weeks let expect of it; absent while there are too few.",
        lambda one: one.verdict.expected,
    ),
    Gauge("watched_lower", "Fewer than this are unusual.", lambda one: one.verdict.lower),
    Gauge("watched_upper", "More than this are unusual.", lambda one: one.verdict.upper),
    Gauge(
        "watched_score",
        "How far what is seen is from what is expected, in standard deviations; "
        f"beyond {LIMIT:g} either way it is surprising.",
        lambda one: one.verdict.score,
    ),
    Gauge(
        "watched_alarm",
        "1 while there is far more, or far less, than usual in the direction that is bad, and "
        f"at least {LEAST_EXPECTED:g} are expected; 0 otherwise.",
        lambda one: int(one.is_alarm),
    ),
)


class WatchCollector(Collector):
    """Collects what a watcher said at one instant."""

    def __init__(self, watched: Iterable[Watched]) -> None:
        self._watched = list(watched)

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        yield from families(GAUGES, ((_labels(one), one) for one in self._watched))


def _labels(one: Watched) -> dict[str, str]:
    return {"metric": one.metric.name, "window": one.verdict.window} | dict(one.labels)
