"""Builds the Faust app of a worker; nothing happens on import."""

import asyncio
from functools import partial
from typing import Any

import faust

from agents.batch import BatchSchema
from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.folding_agent import fold_events
from agents.ownership import Ownership
from agents.settings import CHANGELOG_RECORD_BYTES, WorkerSettings
from agents.topics import Source

BATCHES_IN_FLIGHT = 8
FETCH_BYTES = 1 << 20
METADATA_MILLISECONDS = 5_000
"""So long new partitions of the source may be missing in the counts before the workers stop."""


class WorkerApp(faust.App):  # type: ignore[misc, unused-ignore]
    """A Faust app that knows its settings, its partitions and why it refuses to go on."""

    settings: WorkerSettings
    source: Source | None = None
    """What the source was when the worker started; None: nobody looks whether it still is."""
    ownership: Ownership
    dead_letters: DeadLetterOffice
    generation: str
    refusal: str | None = None
    ended: asyncio.Event

    def _create_directories(self) -> None:
        """Make no data folder: all state is in memory and in the changelog."""

    def refuse(self, reason: str) -> None:
        """Stop without another checkpoint: what is in memory must not be written."""
        if self.refusal is None:
            self.refusal = reason
            self.ownership.drop()
            self.ended.set()


def create_app(settings: WorkerSettings, partitions: int, generation: str) -> WorkerApp:
    """Build the app for a topic of so many partitions and a generation of state."""
    servers = settings.kafka_bootstrap.replace(",", ";")
    app = WorkerApp(
        settings.application,
        broker=f"tidegauge://{servers}",
        store="memory://",
        autodiscover=False,
        web_enabled=False,
        topic_partitions=partitions,
        topic_replication_factor=settings.replication_factor,
        topic_disable_leader=True,
        topic_allow_declare=False,  # `agents.topics` creates them, with the settings they need
        table_standby_replicas=0,
        consumer_auto_offset_reset="earliest",
        # A worker that comes back after its topic has grown must be a new member: the broker would
        # give it its old partitions again, and the new ones to nobody (KIP-814).
        consumer_group_instance_id=settings.instance and f"{settings.instance}-{partitions}",
        consumer_metadata_max_age_ms=METADATA_MILLISECONDS,
        consumer_max_fetch_size=FETCH_BYTES,
        broker_commit_interval=settings.checkpoint_seconds,
        broker_session_timeout=settings.session_seconds,
        broker_heartbeat_interval=min(3.0, settings.session_seconds / 5),
        broker_rebalance_timeout=max(60.0, settings.session_seconds),
        broker_max_poll_records=5_000,
        stream_buffer_maxsize=BATCHES_IN_FLIGHT,
        stream_wait_empty=True,
        stream_recovery_delay=0.0,
        producer_acks=-1,  # what waits for a broker longer than a request is `agents.transport`'s
        producer_request_timeout=20.0,
        producer_max_request_size=CHANGELOG_RECORD_BYTES,
    )
    app.settings = settings
    app.generation = generation
    app.ended = asyncio.Event()
    # Built here, not by `app.Table()`: Faust would write and recover a registered table itself.
    table: Any = faust.Table(
        app, name="units", key_type=bytes, value_type=bytes, partitions=partitions
    )
    app.dead_letters = DeadLetterOffice(app, settings)
    app.ownership = Ownership(
        settings, generation, Changelog(app, table, settings), app.dead_letters
    )
    events = app.topic(settings.topic, schema=BatchSchema(), partitions=partitions, acks=False)
    app.agent(events, name="fold_events")(partial(fold_events, app=app, ownership=app.ownership))
    return app
