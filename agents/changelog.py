"""Reads and writes the changelog of the units, straight on aiokafka.

Faust's own way is left aside on purpose: `Table.send_changelog` passes a one-at-a-time buffer that
is 7 to 11 times slower and leaves its future pending for ever when a record is too large; its
recovery ends where a ListOffsets answer says, swallows errors and makes an event object per record.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.settings import WorkerSettings

Row = tuple[str, bytes | None]


def key_of(partition: int, name: str) -> bytes:
    """Key of a table row: the partition, then the unit's name (`3/hour/1790000000000`)."""
    return f"{partition}/{name}".encode()


def name_of(key: bytes) -> str:
    """The unit's name in such a key."""
    return key.decode().partition("/")[2]


class Changelog:
    """The changelog topic of one Faust table."""

    def __init__(self, app: Any, table: Any, settings: WorkerSettings) -> None:
        self._app, self._table, self._settings = app, table, settings

    async def write(self, rows: Iterable[tuple[int, str, bytes | None]]) -> None:
        """Write rows of (partition, name, bytes or a tombstone) and await every acknowledgement."""
        producer = self._app.producer._producer  # noqa: SLF001 - see the module
        futures = []
        for partition, name, value in rows:
            key = key_of(partition, name)
            futures.append(
                await producer.send(
                    self._settings.changelog_topic, value, key=key, partition=partition
                )
            )
            self._hold(key, value)
        await asyncio.gather(*futures)

    async def read(self, partitions: Sequence[int]) -> dict[int, list[Row]]:
        """Every row of these partitions in the order of the log.

        Reads to the high watermark of the fetch responses: compaction and control records cannot
        stall it, and one broker was seen to answer ListOffsets too low.
        """
        found: dict[int, list[Row]] = {number: [] for number in partitions}
        if not found:
            return found
        reader = self._reader()
        await reader.start()
        try:
            waiting = {
                TopicPartition(self._settings.changelog_topic, number) for number in partitions
            }
            reader.assign(list(waiting))
            await reader.seek_to_beginning(*waiting)
            while waiting:
                for tp, records in (await reader.getmany(timeout_ms=100)).items():
                    rows = ((name_of(record.key), record.value) for record in records)
                    found[tp.partition].extend(rows)
                waiting -= {tp for tp in waiting if await _is_read(reader, tp)}
        finally:
            await reader.stop()
        for number, rows_of in found.items():
            self._fill_table(number, rows_of)
        return found

    def forget(self, partition: int) -> None:
        """Take a partition's rows out of the table."""
        data = self._table.data.data
        beginning = f"{partition}/".encode()
        for key in [key for key in data if key.startswith(beginning)]:
            del data[key]

    def _fill_table(self, partition: int, rows: Iterable[Row]) -> None:
        self.forget(partition)
        for name, value in rows:
            self._hold(key_of(partition, name), value)

    def _hold(self, key: bytes, value: bytes | None) -> None:
        """Let the table show what its changelog says; nothing of tidegauge reads it."""
        data = self._table.data.data
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value

    def _reader(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka_bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=100,
            max_partition_fetch_bytes=4 << 20,
        )


async def _is_read(reader: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    end = reader.highwater(partition)
    return end is not None and await reader.position(partition) >= end
