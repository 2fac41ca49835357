"""Every family the exporter makes, without its samples: names, types, labels and HELP texts.

They are asked of the collectors themselves; what is made from them (the page of metrics, the
recording rules, the boards) holds no second list of names.
"""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.core import Metric as Family

from exporters.collector import about, families_of, up
from exporters.pipeline import PipelineCollector
from exporters.service import ExporterCollector
from exporters.shard_health import ShardHealthCollector
from exporters.watched import WatchCollector
from streams.catalogue import PREFIX, Catalogue
from streams.reading import Reading

LAUNCHES = {
    "launch_start_timestamp_seconds": "When the launch started.",
    "launch_end_timestamp_seconds": "When the launch ended; absent while it goes on.",
    "launch_info": "1 for each metric of a launch, with its role: goal or guardrail.",
    "launch_seen": "What was seen of the metric since the launch.",
    "launch_expected": "What the same hours of the weeks before let expect since the launch.",
    "launch_effect_ratio": "Seen / expected - 1.",
    "launch_effect_lower_ratio": "Lower end of the 95 % interval of the effect.",
    "launch_effect_upper_ratio": "Upper end of the 95 % interval of the effect.",
}
"""HELP texts of gauges that no collector makes yet."""


def exported(catalogue: Catalogue) -> list[Family]:
    """All of them: those of the metrics, and the others."""
    metrics = catalogue.metrics.values()
    return [*(f for metric in metrics for f in families_of(metric, [])), *beside(), *to_come()]


def beside() -> list[Family]:
    """What is exported beside the metrics: how far they are to be trusted."""
    return [
        up(is_up=True),
        *about(Reading(as_of=1, final_until=1)),
        *WatchCollector(()).collect(),
        *PipelineCollector({}, complete=True).collect(),
        *ShardHealthCollector({}).collect(),
        *ExporterCollector(0, 0, 0).collect(),
    ]


def to_come() -> Iterator[Family]:
    """What launches will be exported as; their collector takes the place of this."""
    for name, text in LAUNCHES.items():
        yield GaugeMetricFamily(f"{PREFIX}{name}", text)
