"""How long a worker takes to read its state, for states of several sizes.

The state a run left behind is made larger: the hours before get copies of its fullest hour, as many
as are wanted, listed in the archive as final hours are. A real worker then starts on it.
"""

import asyncio
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from confluent_kafka import Producer

from agents.changelog import read_rows, row_key
from agents.settings import WorkerSettings
from agents.topics import prepare
from benchmarks.worker_run import WorkerRun
from streams.checkpoint import ARCHIVE, MANIFEST, Archive, Entry, Manifest, archive_name
from streams.panes import HOUR, Grain, Pane
from streams.rows import Rows, row_name
from streams.unit import StoredUnit, seal

MEGABYTE = 1 << 20
FLUSH_SECONDS = 60


class Recovery(NamedTuple):
    """One recovery of all partitions by one worker."""

    state_bytes: int
    rows: int
    seconds: float


class RecoveryRun:
    """Starts workers on states made of what the application of `settings` left behind."""

    def __init__(self, settings: WorkerSettings, redis_url: str, folder: Path) -> None:
        self._settings, self._redis_url, self._folder = settings, redis_url, folder

    def run(self, megabytes: int, partitions: int) -> Recovery:
        """Recover a state of about that size."""
        found = asyncio.run(read_rows(self._settings, range(partitions)))
        application = f"{self._settings.application}-{megabytes}mb"
        settings = dataclasses.replace(self._settings, application=application)
        prepare(settings)
        size = rows = 0
        producer = Producer({"bootstrap.servers": settings.kafka.bootstrap, "linger.ms": 20})
        for number, held in found.items():
            for name, raw in _enlarge(held, megabytes * MEGABYTE // partitions):
                key = row_key(number, row_name(0, name))
                producer.produce(settings.changelog_topic, raw, key, partition=number)
                producer.poll(0)
                size, rows = size + len(raw), rows + 1
        if producer.flush(FLUSH_SECONDS):
            raise RuntimeError("the state could not be written")
        run = WorkerRun(settings.kafka.bootstrap, self._redis_url, settings.topic, application)
        recovered = run.recovered(self._folder / application)
        return Recovery(size, rows, recovered.recovery_seconds)


def _enlarge(rows: Rows, size: int) -> Iterator[tuple[str, bytes]]:
    """Every row of a partition, with as many copies of its largest hour as `size` asks for."""
    names = {n for n in rows.names() if n != MANIFEST and not n.startswith(ARCHIVE)}
    raw = {name: rows.held[row_name(0, name)].raw for name in names}
    yield from raw.items()
    manifest = rows.read(Manifest, MANIFEST)
    model = max((name for name in names if name.startswith(Grain.HOUR)), key=lambda n: len(raw[n]))
    hour = rows.read(StoredUnit, model)
    if manifest is None or hour is None:
        raise RuntimeError("the run left no state behind")
    copies = max(0, size - sum(map(len, raw.values()))) // len(raw[model])
    earliest = min(Pane.parse(name).start for name in names if name.startswith(Grain.HOUR))
    entries = {}
    for number in range(1, copies + 1):
        name = str(Pane(Grain.HOUR, earliest - number * HOUR))
        entries[name] = Entry(hour.offset, hour.first)
        yield name, seal(hour, name)
    archive = Archive(manifest.generation, manifest.offset, entries)
    name = archive_name(manifest.offset)
    yield name, seal(archive, name)
    yield MANIFEST, seal(msgspec.structs.replace(manifest, archive=manifest.offset), MANIFEST)
