"""How long tidegauge waits for brokers: as long as a checkpoint may take, and no less."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from aiokafka.errors import (
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    UnknownTopicOrPartitionError,
)

from agents.app import create_app
from agents.writing import WRITE_DEADLINE_SECONDS, hand_over
from tests.agents.made_up import SETTINGS, StubProducer, app_of


class AwayProducer(StubProducer):
    """Takes nothing at first, like aiokafka's while the broker is away."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.errors = [error, error]

    async def send(self, topic: str, value: bytes | None, **more: Any) -> asyncio.Future[None]:
        if self.errors:
            raise self.errors.pop()
        return await super().send(topic, value, **more)


@pytest.mark.parametrize("error", [KafkaTimeoutError(), UnknownTopicOrPartitionError()])
def test_a_record_is_handed_over_once_the_broker_is_back(error: Exception) -> None:
    async def main() -> None:
        producer = AwayProducer(error)
        await (await hand_over(app_of(producer), "topic", b"value", key=b"key"))
        assert producer.sent == [("key", b"value")]

    asyncio.run(main())


def test_a_record_that_no_broker_takes_is_an_error_at_once() -> None:
    class Refusing(StubProducer):
        async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
            raise MessageSizeTooLargeError

    with pytest.raises(MessageSizeTooLargeError):
        asyncio.run(hand_over(app_of(Refusing()), "topic", b"value", key=b"key"))


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_waits_for_a_broker_does_not_expire_before_the_checkpoint(*, idempotent: bool) -> None:
    async def main() -> None:
        app = create_app(replace(SETTINGS, idempotent_producer=idempotent), 4, "g")
        producer = app.producer._new_producer()
        try:
            accumulator = producer._message_accumulator
            batch = accumulator._append_batch(accumulator.create_builder(), "a partition")
            assert batch._ttl == WRITE_DEADLINE_SECONDS
            batch.done_noack()
            del accumulator._batches["a partition"]
        finally:
            await producer.stop()

    asyncio.run(main())
