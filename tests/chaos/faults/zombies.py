"""What a process that was left behind may still write: old rows, and tombstones of what counts.

The suite writes them itself, as such a process would: no worker is slow enough on demand.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Any

import confluent_kafka

from streams.checkpoint import MANIFEST, Manifest
from streams.unit import unseal
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.faults.workers import KILLED
from tests.chaos.world import World

NOBODY = -1
OWNING = re.compile(r"owning partitions (.*)$")
Rows = dict[str, list[bytes | None]]
"""Name -> all values written under it, in the order of the log."""


@fault("a listed unit is buried")
def bury_a_unit(world: World) -> str:
    """A tombstone of an hour that nobody writes any more; then its owner dies."""
    name, victim, owned = world.take_someone()
    # What is to be built anew must still be in the source.
    number = world.rng.choice(sorted(owned.keys() - world.forgotten.keys()) or [NOBODY])
    rows = _rows(world, number) if number != NOBODY else {}
    hours = sorted(name for name, held in rows.items() if name.startswith("hour/") and held[-1])
    if not hours:
        world.crew.services[name] = victim
        raise Skipped("no hour is stored, or the source forgot what it is made of")
    hour = world.rng.choice(hours[: max(1, len(hours) // 2)])
    assert victim.kill() == KILLED
    _write(world, number, [(hour, None)])
    world.crew.start(name)
    rebuilt = world.crew.wait_for("it is built anew", lambda: _rebuilt(world, number), 90)
    return f"partition {number}: {hour} buried, exit code {KILLED}; {rebuilt}"


@fault("rows of a zombie land late")
def write_old_rows(world: World) -> str:
    """What was written a while ago is written again after what is newer; then its owner dies."""
    name, victim, owned = world.take_someone()
    number = world.rng.choice(sorted(owned))
    rows = {name: held for name, held in _rows(world, number).items() if len(held) > 2}
    old = [(name, held[len(held) // 2]) for name, held in rows.items() if held[-1] is not None]
    old = [(name, value) for name, value in old if value is not None]
    assert victim.kill() == KILLED
    newest = world.tail.safe[number]
    # Manifests last, as whoever was left behind would have written them.
    _write(world, number, sorted(old, key=lambda row: row[0] == MANIFEST))
    since = datetime.now()  # noqa: DTZ005 - logs are in local time
    world.crew.start(name)
    stale = dict(old).get(MANIFEST)
    if stale is None:
        raise Skipped("no manifest was written twice yet")
    at = unseal(Manifest, stale, MANIFEST).offset
    begun = world.crew.wait_for("it has an owner", lambda: _begun(world, number, since))
    if begun < newest:
        world.wrong.append(f"partition {number} goes on from {begun}, though {newest} was safe")
    return f"partition {number}: {len(old)} old rows, a manifest at {at} after {newest}"


def _rebuilt(world: World, number: int) -> str:
    """What an owner says of units that it builds anew."""
    said = f"partition {number}: "
    for service in reversed(world.line.services[-8:]):
        for line in reversed(service.log().splitlines()):
            if said in line and "built anew" in line:
                return line.partition(said)[2]
    return ""


def _begun(world: World, number: int, since: datetime) -> int:
    """The offset from which somebody went on with a partition since then; 0 before anybody has."""
    for service in world.crew.services.values():
        for line in service.log().splitlines():
            found = OWNING.search(line)
            if found is None or datetime.fromisoformat(line[:19]) < since.replace(microsecond=0):
                continue
            offsets = dict(pair.split(" from ") for pair in found[1].split(", ") if pair != "none")
            if str(number) in offsets:
                return int(offsets[str(number)])
    return 0


def _rows(world: World, number: int) -> Rows:
    """All that stands in a partition of the changelog, by names without their lineage."""
    found: Rows = {}
    topic = world.line.worker_settings().changelog_topic
    consumer = _consumer(world)
    try:
        consumer.assign([confluent_kafka.TopicPartition(topic, number, 0)])
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            message = consumer.poll(5)
            if message is None:
                continue
            if message.error() is not None:
                if message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                    break
                continue
            name = message.key().decode().split("/", 2)[2]
            found.setdefault(name, []).append(message.value())
    finally:
        consumer.close()
    return found


def _write(world: World, number: int, rows: list[tuple[str, bytes | None]]) -> None:
    """Append rows of the first lineage, each acknowledged."""
    topic = world.line.worker_settings().changelog_topic
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": world.line.bootstrap, "acks": "all", "log_level": 0}
        | {"message.max.bytes": 8_000_000}
    )
    for name, value in rows:
        producer.produce(topic, value, key=f"{number}/0/{name}", partition=number)
    assert producer.flush(60) == 0


def _consumer(world: World) -> Any:
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": world.line.bootstrap,
            "group.id": "zombie-of-tests",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
