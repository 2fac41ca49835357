"""The launches of one view as Prometheus families: when they were, and what they came to."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.catalogue import PREFIX, Catalogue
from streams.launches.asked import Asked, can_ask
from streams.launches.effect import Effect
from streams.launches.launch import Launch
from streams.panes import SECOND

EFFECTS: tuple[tuple[str, str, Callable[[Effect], float]], ...] = (
    ("seen", "What a metric was since the launch began.", lambda e: e.seen),
    (
        "expected",
        "What the same hours of past weeks let expect of it.",
        lambda e: e.expected,
    ),
    ("effect_ratio", "Seen / expected - 1.", lambda e: e.ratio),
    ("effect_lower_ratio", "Lower end of the 95 % interval of the effect.", lambda e: e.lower),
    ("effect_upper_ratio", "Upper end of the 95 % interval of the effect.", lambda e: e.upper),
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
        yield from self._times()
        yield self._info()
        for name, text, value in EFFECTS:
            family = GaugeMetricFamily(f"{PREFIX}launch_{name}", text)
            for launch in self._launches:
                for effect in self._effects.get(launch.name, ()):
                    asked = Asked(effect.metric, effect.labels)
                    labels = _labels(launch, asked, effect.role)
                    family.add_sample(family.name, labels, value(effect))
            yield family

    def _times(self) -> Iterator[Family]:
        start = GaugeMetricFamily(
            f"{PREFIX}launch_start_timestamp_seconds",
            "When a launch began; of those that go on or ended within 35 days, the latest 20.",
            labels=("launch",),
        )
        end = GaugeMetricFamily(
            f"{PREFIX}launch_end_timestamp_seconds",
            "When a launch ended; absent while it goes on.",
            labels=("launch",),
        )
        for launch in self._launches:
            start.add_metric((launch.name,), launch.start / SECOND)
            if launch.end is not None:
                end.add_metric((launch.name,), launch.end / SECOND)
        yield start
        yield end

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
