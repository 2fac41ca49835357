"""Where topics end, and how much stands in them."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition

BATCH = 1_000
ANSWER_SECONDS = 30.0


class Written(NamedTuple):
    """What was written to a topic."""

    bytes: int
    """Of keys, values and headers; what Kafka adds to a record is not in it."""
    records: int


def ends(bootstrap: str, topic: str, partitions: int) -> dict[int, int]:
    """The end of each partition."""
    with _consumer(bootstrap) as consumer:
        return {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), ANSWER_SECONDS)[1]
            for number in range(partitions)
        }


def written(bootstrap: str, topic: str, partitions: int) -> Written:
    """Read a topic of which nothing has been deleted yet; raises RuntimeError where it stalls."""
    left = {number: end for number, end in ends(bootstrap, topic, partitions).items() if end}
    size = records = 0
    with _consumer(bootstrap) as consumer:
        consumer.assign([TopicPartition(topic, number, 0) for number in left])
        while left:
            found = consumer.consume(BATCH, ANSWER_SECONDS)
            if not found:
                raise RuntimeError(f"{topic} could not be read to its end")
            for message in found:
                if message.error():
                    raise RuntimeError(f"{topic} could not be read: {message.error()}")
                size += _size(message)
                records += 1
                if message.offset() + 1 >= left[message.partition()]:
                    del left[message.partition()]
    return Written(size, records)


def _size(message: Any) -> int:
    headers = message.headers() or ()
    return (
        len(message.key() or b"")
        + len(message.value() or b"")
        + sum(len(name) + len(value or b"") for name, value in headers)
    )


@contextmanager
def _consumer(bootstrap: str) -> Iterator[Any]:
    settings = {"bootstrap.servers": bootstrap, "group.id": "costs", "enable.auto.commit": False}
    with closing(Consumer(settings)) as consumer:
        yield consumer
