"""Reads and writes the changelog of the units, straight on aiokafka.

Faust's own way is left aside on purpose: `Table.send_changelog` passes a one-at-a-time buffer that
is 7 to 11 times slower and leaves its future pending for ever when a record is too large; its
recovery ends where a ListOffsets answer says, swallows errors and makes an event object per record.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.clients import started
from agents.recovering import Advance
from agents.settings import WorkerSettings
from agents.writing import hand_over
from streams.rows import Rows

VERSION_ADVICE = (
    "Run the version that wrote it, or begin under another name with TIDEGAUGE_KAFKA_APPLICATION"
)
"""What to do about rows of an unknown version: no replay, which must read them too."""

KeptRow = tuple[int, str, bytes | None]
"""Partition, name with its lineage, sealed value or None for a tombstone."""


def row_key(partition: int, name: str) -> bytes:
    """Key of a table row: partition, lineage, what it is (`3/0/hour/1790000000000`)."""
    return f"{partition}/{name}".encode()


def name_of(key: bytes) -> str:
    """The name in such a key, with its lineage."""
    return key.decode(errors="backslashreplace").partition("/")[2]


class Changelog:
    """The changelog topic of one Faust table, which shows those rows that `is_shown` names."""

    def __init__(
        self,
        app: Any,
        table: Any,
        settings: WorkerSettings,
        is_shown: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self._app, self._table, self._settings = app, table, settings
        self._is_shown = is_shown

    async def write(self, rows: Iterable[KeptRow]) -> None:
        """Write rows in their order and await every acknowledgement."""
        futures = []
        for partition, name, value in rows:
            key, topic = row_key(partition, name), self._settings.changelog_topic
            futures.append(await hand_over(self._app, topic, value, key=key, partition=partition))
            self._hold(key, value)
        await asyncio.gather(*futures)

    async def read(self, partitions: Iterable[int], advance: Advance) -> dict[int, Rows]:
        """Read what `read_rows` reads, and let the table show it."""
        found = await read_rows(self._settings, partitions, advance)
        for number, rows in found.items():
            self._fill_table(number, rows)
        return found

    def forget(self, partition: int) -> None:
        """Take a partition's rows out of the table."""
        data = self._table.data.data
        beginning = f"{partition}/".encode()
        for key in [key for key in data if key.startswith(beginning)]:
            del data[key]

    def _fill_table(self, partition: int, rows: Rows) -> None:
        self.forget(partition)
        for name, held in rows.held.items():
            self._hold(row_key(partition, name), held.raw)

    def _hold(self, key: bytes, value: bytes | None) -> None:
        """Let the table show what its changelog says; nothing of tidegauge reads it."""
        data = self._table.data.data
        if value is None:
            data.pop(key, None)
        elif self._is_shown(name_of(key)):
            data[key] = value


async def read_rows(
    settings: WorkerSettings, partitions: Iterable[int], advance: Advance | None = None
) -> dict[int, Rows]:
    """Reduce the rows of these partitions in the order of the log; raises UnknownVersion.

    Reads to the high watermark of the fetch responses: compaction and control records cannot
    stall it, and one broker was seen to answer ListOffsets too low.
    """
    found = {number: Rows() for number in partitions}
    waiting = {TopicPartition(settings.changelog_topic, number) for number in found}
    if not found:
        return found
    async with started(_reader(settings)) as reader:
        reader.assign(list(waiting))
        await reader.seek_to_beginning(*waiting)
        while waiting:
            for tp, records in (await reader.getmany(timeout_ms=100)).items():
                _take(records, found[tp.partition])
                if advance is not None:
                    advance.note(len(records), sum(len(record.value or b"") for record in records))
            waiting -= {tp for tp in waiting if await _is_read(reader, tp)}
    return found


def _reader(settings: WorkerSettings) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        **settings.kafka.client(),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=100,
        max_partition_fetch_bytes=4 << 20,
    )


def _take(records: Iterable[Any], rows: Rows) -> None:
    for record in records:
        if record.key is not None:  # every row has one; some brokers take records without
            rows.take(name_of(record.key), record.value)


async def _is_read(reader: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    end = reader.highwater(partition)
    return end is not None and await reader.position(partition) >= end
