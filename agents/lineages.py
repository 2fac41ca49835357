"""Lets partitions that a topic has grown by belong to the history of the state that counts.

`tidegauge replay` says which one does in every partition there is; a later one has no such row, and
would be published as another state, which exporters cannot show beside it.
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError

from agents.administration import KafkaUnreachable
from agents.changelog import VERSION_ADVICE, read_rows, row_key
from agents.settings import Refusal, WorkerSettings
from agents.writing import WRITE_DEADLINE_SECONDS, changelog_producer
from streams.rows import LINEAGE, Rows, switch_to
from streams.unit import UnknownVersion

READ_DEADLINE_SECONDS = 600


async def align(settings: WorkerSettings, partitions: int) -> None:
    """Say in empty partitions of the changelog which lineage counts in the others.

    Raises Refusal and KafkaUnreachable.
    """
    try:
        async with asyncio.timeout(READ_DEADLINE_SECONDS):
            rows = await read_rows(settings, range(partitions))
        async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
            await _switch(settings, _others(rows), max(found.lineage for found in rows.values()))
    except UnknownVersion as error:
        raise Refusal(f"the stored state was {error}. {VERSION_ADVICE}") from error
    except (KafkaError, TimeoutError) as error:
        raise KafkaUnreachable(
            f"Kafka at {settings.kafka_bootstrap} does not let the changelog be read and written: "
            f"{error!r}"
        ) from error


def _others(rows: Mapping[int, Rows]) -> list[int]:
    """Partitions without a lineage beside some that have one; raises Refusal when they count."""
    newest = max(found.lineage for found in rows.values())
    behind = [number for number, found in rows.items() if found.lineage < newest]
    begun = [number for number in behind if not rows[number].is_empty]
    if begun:
        raise Refusal(
            f"partitions {begun} of the state are of another history than the others: a worker "
            "began them too early, or a replay was cut off. Run `tidegauge replay`"
        )
    return behind


async def _switch(settings: WorkerSettings, partitions: Sequence[int], lineage: int) -> None:
    if not partitions:
        return
    producer = changelog_producer(settings)
    await producer.start()
    try:
        for number in partitions:
            key = row_key(number, LINEAGE)
            await producer.send_and_wait(
                settings.changelog_topic, switch_to(lineage), key=key, partition=number
            )
    finally:
        await producer.stop()
