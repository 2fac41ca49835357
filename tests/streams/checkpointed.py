"""Logs, what they come to, and the changelogs of partitions that were checkpointed now and then."""

from collections.abc import Iterable

from streams.checkpoint import ARCHIVE, MANIFEST, Manifest, Snapshot
from streams.partition import Partition
from streams.unit import unseal
from tests.streams.made_up import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Log,
    Row,
    Written,
    a_folding,
    body,
    compacted,
    fold,
    moment,
    writes,
)

START = moment("2026-10-24T20:00+02:00")
FOLDING = a_folding()
COUNT = 260
LOGS = {
    step: Log(seed=step, start=START, step=step).rows(COUNT)
    for step in (3 * SECOND, MINUTE, HOUR, DAY // 3)
}
STRAIGHT = {step: fold(Partition(FOLDING), rows).canonical() for step, rows in LOGS.items()}
DAYS = DAY // 3


def steady(count: int, step: int) -> list[Row]:
    """A record each `step`, without any trouble."""
    times = [START + i * step for i in range(count)]
    return [Row(i, time, body(message_id=str(i), time=time)) for i, time in enumerate(times)]


def rest(partition: Partition, rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.offset >= partition.offset]


def checkpoints(rows: list[Row], sizes: list[int]) -> Written:
    partition, written = Partition(FOLDING), Written()
    for size in sizes:
        partition.fold(rest(partition, rows)[:size])
        written += writes(partition.snapshot())
    return written


def manifest_of(written: Written) -> Manifest:
    raw = dict(compacted(written))[MANIFEST]
    assert raw is not None
    return unseal(Manifest, raw, MANIFEST)


def archive_of(written: Iterable[tuple[str, bytes | None]]) -> str:
    """Name of the row of the archive; there must be one."""
    (name,) = {name for name, raw in written if name.startswith(ARCHIVE) and raw is not None}
    return name


def snapshot_of(partition: Partition) -> Snapshot:
    snapshot = partition.snapshot()
    assert snapshot is not None
    return snapshot
