"""The launches of one view as Prometheus families: when they were, and what they came to."""

from collections.abc import Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.gauges import Gauge, families
from streams.catalogue import PREFIX, Catalogue
from streams.launches.asked import Asked, can_ask
from streams.launches.effect import Effect
from streams.launches.launch import Launch
from streams.panes import SECOND

TIMES: tuple[Gauge[Launch], ...] = (
    Gauge(
        "launch_start_timestamp_seconds",
        "When a launch began; of those that go on or ended within 35 days, the latest 20.",
        lambda one: one.start / SECOND,
    ),
    Gauge(
        "launch_end_timestamp_seconds",
        "When a launch ended; absent while it goes on.",
        lambda one: None if one.end is None else one.end / SECOND,
    ),
)
EFFECTS: tuple[Gauge[Effect], ...] = (
    Gauge("launch_seen", "What a metric was since the launch began.", lambda e: e.seen),
    Gauge(
        "launch_expected",
        "What the same hours of past weeks let expect of it.",
        lambda e: e.expected,
    ),
    Gauge("launch_effect_ratio", "Seen / expected - 1.", lambda e: e.ratio),
    Gauge(
        "launch_effect_lower_ratio",
        "Lower end of the 95 % interval of the effect.",
        lambda e: e.lower,
    ),
    Gauge(
        "launch_effect_upper_ratio",
        "Upper end of the 95 % interval of the effect.",
        lambda e: e.upper,
    ),
)


class LaunchCollector(Collector):
    """Collects launches; `effects` are by the name of the launch."""

    def __init__(
        self,
        catalogue: Catalogue,
        launches: Sequence[Launch],
        effects: Mapping[str, Sequence[Effect]],
    ) -> None:
        self._catalogue, self._launches, self._effects = catalogue, launches, effects

    def collect(self) -> Iterator[Family]:
        """Yield every family, also without a launch."""
        yield from families(TIMES, (({"launch": one.name}, one) for one in self._launches))
        yield self._info()
        yield from families(EFFECTS, self._came_to())

    def _came_to(self) -> Iterator[tuple[dict[str, str], Effect]]:
        for launch in self._launches:
            for effect in self._effects.get(launch.name, ()):
                asked = Asked(effect.metric, effect.labels)
                yield _labels(launch, asked, effect.role), effect

    def _info(self) -> Family:
        info = GaugeMetricFamily(
            f"{PREFIX}launch_info",
            "1 for each metric that a launch is to change (goal) or must not (guardrail).",
        )
        for launch in self._launches:
            for role, texts in launch.asked:
                for asked in can_ask(self._catalogue, texts):
                    info.add_sample(info.name, _labels(launch, asked, role), 1)
        return info


def _labels(launch: Launch, asked: Asked, role: str) -> dict[str, str]:
    return dict(asked.labels) | {"launch": launch.name, "metric": asked.metric, "role": role}
