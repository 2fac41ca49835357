"""Hands records to aiokafka's producer, and says how long tidegauge waits for the brokers.

Faust's own buffer is left aside: it is 7 to 11 times slower, and loses errors.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from agents.settings import CHANGELOG_RECORD_BYTES, WorkerSettings

WRITE_DEADLINE_SECONDS = 120.0
"""A checkpoint that takes longer ends the worker; a broker that restarts for a minute must not."""
PAUSE_SECONDS = 0.1


async def hand_over(app: Any, topic: str, value: bytes | None, **more: Any) -> asyncio.Future[Any]:
    """Give a record to the producer of a Faust app; the answer is its acknowledgement to be.

    Waits while the producer's buffer is full or the topic has no broker, however long: the caller
    sets the deadline. Raises what does not pass by itself.
    """
    producer = app.producer._producer  # noqa: SLF001 - see the module
    while True:
        try:
            return await producer.send(topic, value, **more)  # type: ignore[no-any-return]
        except KafkaError as error:
            if not (error.retriable or isinstance(error, KafkaTimeoutError)):
                raise
        await asyncio.sleep(PAUSE_SECONDS)  # nothing was taken


def changelog_producer(settings: WorkerSettings) -> AIOKafkaProducer:
    """A producer that writes like a worker's, without a Faust app; the caller starts it."""
    return AIOKafkaProducer(
        **settings.kafka.client(),
        acks="all",
        enable_idempotence=settings.idempotent_producer,
        max_request_size=CHANGELOG_RECORD_BYTES,
    )
