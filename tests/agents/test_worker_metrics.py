"""A worker's own metrics."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from agents.app import create_app
from agents.ownership import Holding
from agents.worker_metrics import WorkerCollector
from tests.agents.made_up import GENERATION, SETTINGS, batch, new_partition


def test_loss_and_recovery_are_counted() -> None:
    async def main() -> None:
        app = create_app(SETTINGS, 2, GENERATION)
        registry = CollectorRegistry()
        registry.register(WorkerCollector(app))
        value = registry.get_sample_value
        assert value("tidegauge_worker_lost_records_total") == 0
        assert value("tidegauge_worker_recovery_seconds") == 0
        app.ownership.adopt({1: Holding(new_partition())})
        await app.ownership.fold(1, batch(app.ownership, 7, 10, position=0, held_from=7))
        app.ownership.recovering.advance.note(5, 600)
        assert value("tidegauge_worker_lost_records_total") == 7
        assert value("tidegauge_worker_replayed_records_total") == 0
        assert value("tidegauge_worker_read_offset", {"partition": "1"}) == 17
        assert value("tidegauge_worker_recovered_rows") == 5
        assert value("tidegauge_worker_recovered_bytes") == 600
        assert value("tidegauge_worker_gap_records_total") is None

    asyncio.run(main())
