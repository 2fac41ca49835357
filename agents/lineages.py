"""Lets partitions that a topic has grown by belong to the history of the state that counts.

`tidegauge replay` says which one does in every partition there is; a later one has no such row, and
would be published as another state, which exporters cannot show beside it.
"""

import asyncio
from collections.abc import Mapping

from agents.changelog import VERSION_ADVICE, read_rows, row_key
from agents.settings import Refusal, WorkerSettings
from agents.writing import WRITE_DEADLINE_SECONDS, changelog_producer
from streams.rows import LINEAGE, Rows, switch_to
from streams.unit import UnknownVersion


async def align(settings: WorkerSettings, partitions: int) -> list[int]:
    """Say in empty partitions of the changelog which lineage counts; return their numbers.

    Raises Refusal, and Kafka's errors.
    """
    try:
        rows = await read_rows(settings, range(partitions))
    except UnknownVersion as error:
        raise Refusal(f"the stored state was {error}. {VERSION_ADVICE}") from error
    lineage = max(found.lineage for found in rows.values())
    new = _without(rows, lineage)
    if new:
        await _switch(settings, new, lineage)
    return new


def _without(rows: Mapping[int, Rows], lineage: int) -> list[int]:
    """Partitions that hold nothing, where others have another lineage than the first."""
    return [number for number, found in rows.items() if found.lineage < lineage and found.is_empty]


async def _switch(settings: WorkerSettings, partitions: list[int], lineage: int) -> None:
    producer = changelog_producer(settings)
    await producer.start()
    try:
        async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
            for number in partitions:
                key = row_key(number, LINEAGE)
                await producer.send_and_wait(
                    settings.changelog_topic, switch_to(lineage), key=key, partition=number
                )
    finally:
        await producer.stop()
