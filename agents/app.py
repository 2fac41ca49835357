"""Builds the Faust apps of a worker; nothing happens on import.

One folds the source, the other the facts: each has an agent, a group and a table of its own.
"""

import asyncio
from functools import partial
from typing import Any

import faust

from agents.batch import BatchSchema
from agents.brokers import Brokers
from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.folding_agent import fold_batches
from agents.ownership import Ownership
from agents.settings import CHANGELOG_RECORD_BYTES, WorkerSettings
from agents.telling import Telling
from agents.topics import Source
from streams.persons.recovery import recover as recover_shard
from streams.persons.snapshot import is_summary
from streams.recovery import recover

BATCHES_IN_FLIGHT = 8
FETCH_BYTES = 1 << 20
METADATA_MILLISECONDS = 5_000
"""So long new partitions of the source may be missing in the counts before the workers stop."""


class WorkerApp(faust.App):  # type: ignore[misc, unused-ignore]
    """A Faust app that knows its settings, its partitions and why it refuses to go on."""

    settings: WorkerSettings
    source: Source | None = None
    """What the source was when the worker started; None: nobody looks whether it still is."""
    ownership: Ownership[Any]
    telling: Telling | None = None
    """Tells the shards of persons; None in the app that keeps them."""
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


def create_app(
    settings: WorkerSettings, partitions: int, generation: str, shards: int = 1
) -> WorkerApp:
    """Build the app that folds a source of so many partitions and tells so many shards."""
    app, table = _app_of(settings, partitions, generation)
    changelog = Changelog(app, table, settings)
    app.telling = Telling(app, settings, partitions, shards)
    app.ownership = Ownership(
        partial(recover, settings.folding), generation, changelog, app.dead_letters, app.telling
    )
    _attach(app, "fold_events", partitions)
    return app


def create_persons_app(settings: WorkerSettings, shards: int, generation: str) -> WorkerApp:
    """Build the app that keeps persons; `settings` are those of `WorkerSettings.of_persons`."""
    app, table = _app_of(settings, shards, generation)
    # Rows of persons would take more memory than all that is kept of them.
    changelog = Changelog(app, table, settings, is_summary)
    calendar = settings.folding.calendar
    app.ownership = Ownership(
        partial(recover_shard, calendar), generation, changelog, app.dead_letters, what="shard"
    )
    _attach(app, "fold_facts", shards)
    return app


def _attach(app: WorkerApp, name: str, partitions: int) -> None:
    """Give the app its agent."""
    topic = app.topic(app.settings.topic, schema=BatchSchema(), partitions=partitions, acks=False)
    app.agent(topic, name=name)(partial(fold_batches, app=app, ownership=app.ownership))


def _credentials(brokers: Brokers) -> faust.SASLCredentials | faust.SSLCredentials | None:
    """What Faust hands on to aiokafka, which `Brokers.client` hands over elsewhere."""
    if not brokers.by_tls:
        return None
    context = brokers.certificates.context()
    if not brokers.by_password:
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=brokers.username,
        password=brokers.password,
        ssl_context=context,
        mechanism=brokers.mechanism,
    )


def _app_of(settings: WorkerSettings, partitions: int, generation: str) -> tuple[WorkerApp, Any]:
    """An app without an agent, and its table."""
    app = WorkerApp(
        settings.group,
        broker=f"tidegauge://{';'.join(settings.kafka.addresses)}",
        broker_credentials=_credentials(settings.kafka),
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
        app,
        name=settings.table,
        key_type=bytes,
        value_type=bytes,
        partitions=partitions,
        changelog_topic=app.topic(settings.changelog_topic),
    )
    app.dead_letters = DeadLetterOffice(app, settings)
    return app, table
