"""A client of aiokafka for as long as a block of code needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

START_SECONDS = 5.0
"""How long a start that was given up may still take: where nobody answers it may have no end."""
C = TypeVar("C", AIOKafkaConsumer, AIOKafkaProducer)


@asynccontextmanager
async def started(client: C) -> AsyncIterator[C]:
    """Start a client, and stop it at the end; raises Kafka's errors.

    Who is cancelled while it starts waits until it has, for some seconds: aiokafka 0.14 leaves the
    connection open over which it asks for metadata then, and complains when that is collected.
    """
    starting = asyncio.create_task(client.start())
    try:
        await asyncio.shield(starting)
        yield client
    finally:
        try:
            await asyncio.wait([starting], timeout=START_SECONDS)
        finally:
            starting.cancel()
            await client.stop()
