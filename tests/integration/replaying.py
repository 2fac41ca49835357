"""Starting replays, and looking at what they and the workers left."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from datetime import UTC, datetime

from kafka import KafkaProducer

from streams.checkpoint import MANIFEST, Archive, Manifest, archive_name, pane_of
from streams.rows import Rows
from streams.unit import StoredUnit
from tests.integration.pipeline import Pipeline, Service
from tests.integration.truth import State, published


def replay(line: Pipeline, *options: str, **settings: str) -> Service:
    """Start one."""
    return line._start(["replay", *options], 0, line.environment(**settings))


def replayed(line: Pipeline, *options: str, **settings: str) -> str:
    """What one said that came to its end."""
    service = replay(line, *options, **settings)
    assert service.wait(60) == 0, service.log()
    return service.log()


def changelog(line: Pipeline) -> dict[int, Rows]:
    """The rows of every partition, of whatever lineage."""
    found: dict[int, Rows] = defaultdict(Rows)
    for message in line.rows(line.worker_settings().changelog_topic):
        name = message.key().decode().partition("/")[2]
        found[message.partition()].take(name, message.value())
    return found


def lineages(line: Pipeline) -> set[str]:
    """The lineages of which rows are left."""
    names = (name for rows in changelog(line).values() for name in rows.held)
    return {name.partition("/")[0] for name in names}


def stored(line: Pipeline) -> dict[int, State]:
    """The state in the changelog, of the lineage that counts."""
    states = {}
    for number, rows in changelog(line).items():
        manifest = rows.read(Manifest, MANIFEST)
        assert manifest is not None
        archive = rows.read(Archive, archive_name(manifest.archive))
        units = {name for name in rows.names() if pane_of(name)}
        assert manifest.units.keys() <= units
        assert units <= manifest.units.keys() | (archive.units.keys() if archive else set())
        states[number] = State(manifest.offset, manifest.place.watermark)
        for name in units:
            unit = rows.read(StoredUnit, name)
            assert unit is not None
            states[number].read(unit, name, line.worker_settings().folding)
    return states


def send(line: Pipeline, partition: int, *events: bytes | int) -> None:
    """Send pages at these times (in seconds), or what is no event at all."""
    producer = KafkaProducer(bootstrap_servers=line.bootstrap)
    for event in events:
        time_ms = event * 1_000 if isinstance(event, int) else int(time.time() * 1_000)
        value = page(event) if isinstance(event, int) else event
        producer.send(line.topic, value, partition=partition, timestamp_ms=time_ms)
    producer.flush()
    producer.close()


def page(seconds: int, padding: int = 0) -> bytes:
    moment = datetime.fromtimestamp(seconds, UTC).isoformat()
    event = {"type": "page", "messageId": f"m{seconds}", "userId": "u", "timestamp": moment}
    return json.dumps(event | {"context": {"padding": padding * "x"}}).encode()


def outcomes(line: Pipeline) -> dict[int, dict[str, int]]:
    """What became of the records, by Redis; partitions without any left out."""
    found = {number: state.outcomes for number, state in published(line).items()}
    return {number: counts for number, counts in found.items() if counts}
