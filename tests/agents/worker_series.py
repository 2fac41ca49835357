"""The names of what a worker tells Prometheus of itself, taken from its collectors."""

from __future__ import annotations

import asyncio

from agents.app import create_app
from agents.shard_metrics import ShardCollector
from agents.worker_metrics import WorkerCollector
from exporters.doors.refusals import RefusalCollector
from exporters.exposition import process_collectors
from exporters.publisher_health import PublisherCollector
from tests.agents.made_up import GENERATION, SETTINGS


def of_a_worker() -> set[str]:
    """As they are scraped: those of counters end in `_total`."""

    async def collected() -> set[str]:
        app = create_app(SETTINGS, 2, GENERATION)
        told = [WorkerCollector(app), ShardCollector(app), PublisherCollector([])]
        collectors = [*told, RefusalCollector("worker", {})]
        families = [f for one in (*collectors, *process_collectors()) for f in one.collect()]
        return {f.name + ("_total" if f.type == "counter" else "") for f in families}

    return asyncio.run(collected())
