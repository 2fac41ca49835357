"""A topic that is there already, read by one worker to its end, and compared with the truth."""

import itertools
from typing import NamedTuple

from benchmarks.costs.site import PARTITIONS, Site, tell
from benchmarks.load import MINUTE_RECORDS, Load
from benchmarks.moment import Moment
from benchmarks.verdict import differences
from benchmarks.worker_run import WorkerRun
from tidegauge.assembly import folding
from tidegauge.settings import Settings


class Backlog(NamedTuple):
    """What was read, and how."""

    load: Load
    worker: WorkerRun

    @property
    def moments(self) -> list[Moment]:
        """How far the worker was when."""
        return self.worker.moments

    @property
    def events_per_second(self) -> float:
        """While every partition had more to read."""
        first, last = self.worker.steady()
        return (last.folded - first.folded) / (last.seconds - first.seconds)


def read_backlog(at: Site, name: str, minutes: int) -> Backlog:
    """Fill a topic with simulated minutes and read it; raises RuntimeError for a wrong count."""
    fold, load = folding(Settings()), Load(PARTITIONS)
    topic = at.create(f"{name}-backlog")
    tell(f"{at.broker.name}: sending {minutes * MINUTE_RECORDS:,} events")
    load.send(at.broker.bootstrap, topic, minutes, lambda _: None)
    tell("folding them")
    worker = at.worker(name, topic)
    published = worker.run(fold, load.events, at.folder / f"{name}.log", lambda _: None)
    for line in itertools.islice(differences(fold, published, load.ledger), 1):
        raise RuntimeError(f"what was counted is not what was sent: {line}")
    return Backlog(load, worker)
