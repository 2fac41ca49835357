"""Every family the exporter makes, without its samples: names, types, labels and HELP texts.

They are asked of the collectors themselves; what is made from them (the page of metrics, the
recording rules, the boards) holds no second list of names.
"""

from prometheus_client.core import Metric as Family

from exporters.collector import about, families_of, up
from exporters.doors.refusals import RefusalCollector
from exporters.launches import LaunchCollector
from exporters.pipeline import PipelineCollector
from exporters.service import ExporterCollector
from exporters.shard_health import ShardHealthCollector
from exporters.watched import WatchCollector
from streams.catalogue import Catalogue
from streams.reading import Reading


def exported(catalogue: Catalogue) -> list[Family]:
    """All of them: those of the metrics, and the others."""
    metrics = catalogue.metrics.values()
    return [*(f for metric in metrics for f in families_of(metric, [])), *beside()]


def beside() -> list[Family]:
    """What is exported beside the metrics: how far they are to be trusted."""
    return [
        up(is_up=True),
        *about(Reading(as_of=1, final_until=1)),
        *WatchCollector(()).collect(),
        *LaunchCollector(Catalogue({}, {}), (), {}).collect(),
        *PipelineCollector({}, complete=True).collect(),
        *ShardHealthCollector({}).collect(),
        *ExporterCollector(0, 0, 0).collect(),
        *RefusalCollector("exporter", {}).collect(),
    ]
