"""The ceiling: aiokafka fetching the same topic and nothing else, not even decoding."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.app import FETCH_BYTES
from agents.chunks import LONG_POLL_MILLISECONDS

CHUNK_RECORDS = 5_000


def records_per_second(bootstrap: str, topic: str, partitions: int, seconds: float) -> float:
    """Read for so many seconds, or to the end, with the worker's own fetch settings."""
    return asyncio.run(_read(bootstrap, topic, partitions, seconds))


async def _read(bootstrap: str, topic: str, partitions: int, seconds: float) -> float:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=LONG_POLL_MILLISECONDS,
        max_partition_fetch_bytes=FETCH_BYTES,
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, number) for number in range(partitions)])
        await consumer.getmany(timeout_ms=5_000, max_records=1)  # connected, offsets known
        began = time.monotonic()
        count, now = 0, began
        while now < began + seconds:
            found = await consumer.getmany(timeout_ms=500, max_records=CHUNK_RECORDS)
            if not found:
                break  # the end; `now` is when the last records came
            count += sum(len(records) for records in found.values())
            now = time.monotonic()
        return count / (now - began)
    finally:
        await consumer.stop()
