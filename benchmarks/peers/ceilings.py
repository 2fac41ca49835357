"""What reading alone can do: the same topic, nothing decoded, nothing counted."""

import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

BATCH_RECORDS = 10_000
CONNECTED_SECONDS, SILENT_SECONDS = 10.0, 1.0


def librdkafka_per_second(bootstrap: str, topic: str, partitions: int, seconds: float) -> float:
    """Records a second that librdkafka reads for so many seconds, or to the end."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "ceiling"})
    consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(partitions)])
    try:
        consumer.consume(1, CONNECTED_SECONDS)  # connected, offsets known
        count, began = 0, time.monotonic()
        now = began
        while now < began + seconds:
            found = len(consumer.consume(BATCH_RECORDS, SILENT_SECONDS))
            if found < BATCH_RECORDS:
                break  # the end: it waited for more, which is no reading
            count += found
            now = time.monotonic()
        return count / (now - began)
    finally:
        consumer.close()
