"""Lets partitions that a topic has grown by belong to the history of the state that counts.

`tidegauge replay` says which one does in every partition there is; a later one has no such row, and
would be published as another state, which exporters cannot show beside it.
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka.errors import KafkaError

from agents.administration import KafkaUnreachable
from agents.changelog import VERSION_ADVICE, read_rows, row_key
from agents.clients import started
from agents.settings import Refusal, WorkerSettings
from agents.writing import WRITE_DEADLINE_SECONDS, changelog_producer
from streams.rows import LINEAGE, Rows, switch_to
from streams.unit import UnknownVersion

READ_DEADLINE_SECONDS = 600


async def align(settings: WorkerSettings, partitions: int) -> None:
    """Say in empty partitions of the changelog which lineage counts in the others.

    Raises KafkaUnreachable, and Refusal when one that is not empty has another: after the others
    were told, so that whoever catches it may go on.
    """
    try:
        async with asyncio.timeout(READ_DEADLINE_SECONDS):
            rows = await read_rows(settings, range(partitions))
        async with asyncio.timeout(WRITE_DEADLINE_SECONDS):
            begun = await _tell(settings, rows)
    except UnknownVersion as error:
        raise Refusal(f"the stored state was {error}. {VERSION_ADVICE}") from error
    except (KafkaError, TimeoutError) as error:
        raise KafkaUnreachable(
            f"Kafka at {settings.kafka} does not let the changelog be read and written: {error!r}"
        ) from error
    if begun:
        raise Refusal(
            f"partitions {begun} of the state are of another history than the others: a worker "
            "began them too early, or a replay was cut off. Run `tidegauge replay`"
        )


async def _tell(settings: WorkerSettings, rows: Mapping[int, Rows]) -> list[int]:
    """Tell the empty ones; returns those that have rows of an earlier lineage."""
    newest = max(found.lineage for found in rows.values())
    behind = [number for number, found in rows.items() if found.lineage < newest]
    await _switch(settings, [number for number in behind if rows[number].is_empty], newest)
    return [number for number in behind if not rows[number].is_empty]


async def _switch(settings: WorkerSettings, partitions: Sequence[int], lineage: int) -> None:
    if not partitions:
        return
    async with started(changelog_producer(settings)) as producer:
        for number in partitions:
            key = row_key(number, LINEAGE)
            await producer.send_and_wait(
                settings.changelog_topic, switch_to(lineage), key=key, partition=number
            )
