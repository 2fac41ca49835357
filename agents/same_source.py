"""Whether the source is still the topic that it was when the worker started.

aiokafka knows topics by name only: it goes on with another one of that name, if it is long enough.
"""

import asyncio
import logging

from agents.administration import KafkaUnreachable, administration
from agents.findings import Topic
from agents.rights import READ, look, to
from agents.settings import OTHER_SHARDS, Refusal, WorkerSettings
from agents.topics import Source

log = logging.getLogger("tidegauge.worker")

PAUSE_SECONDS = 1.0
LET_IT_GROW = "; run `tidegauge topics` to let the state grow too, then start the workers again"


async def check_source(settings: WorkerSettings, source: Source) -> None:
    """Compare the topic with what was found at the start; raises Refusal.

    Waits for Kafka, and for a topic that is gone: a broker that has just come up may not know all.
    """
    found = await _described(settings)
    name = repr(settings.topic)
    is_smaller = found.partitions < source.partitions  # no topic shrinks
    if (found.topic_id or found.name) != source.topic_id or is_smaller:
        raise Refusal(
            f"topic {name} was made anew: what is counted was another one. Count anew what is "
            "there now with `tidegauge replay`, or begin under another name with "
            "TIDEGAUGE_KAFKA_APPLICATION"
        )
    if found.partitions != source.partitions:
        raise Refusal(
            f"topic {name} has grown from {source.partitions} to {found.partitions} partitions"
            + (_as_many_as_ever(settings) if settings.keeps_persons else LET_IT_GROW)
        )


def _as_many_as_ever(settings: WorkerSettings) -> str:
    return (
        f", but there are as many shards of persons as {settings.changelog_topic!r} was made for. "
        f"{OTHER_SHARDS}"
    )


async def _described(settings: WorkerSettings) -> Topic:
    while True:
        try:
            return await asyncio.to_thread(_describe, settings)
        except KafkaUnreachable as error:
            log.warning("%s; trying again in %.0f s", error, PAUSE_SECONDS)
        await asyncio.sleep(PAUSE_SECONDS)


def _describe(settings: WorkerSettings) -> Topic:
    with administration(settings.kafka) as admin:
        found = look(admin, to(READ, settings.topic))
    if settings.topic not in found:
        raise KafkaUnreachable(f"Kafka knows no topic {settings.topic!r} at the moment")
    return found[settings.topic]
