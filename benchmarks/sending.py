"""Sends made-up records to the partitions they name."""

from confluent_kafka import Producer

FLUSH_SECONDS = 120
FULL_SECONDS = 0.05


class Sending:
    """Sends to one topic, in order per partition; retries neither double nor reorder."""

    def __init__(self, bootstrap: str, topic: str, **settings: object) -> None:
        self._topic = topic
        self._failures = failures = list[str]()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 20,
                "delivery.report.only.error": True,
                "on_delivery": lambda error, _: failures.append(str(error)),
            }
            | settings
        )

    def send(self, partition: int, timestamp_ms: int, value: bytes) -> None:
        """Hand over a record; waits while the buffer is full."""
        while True:
            try:
                self._producer.produce(
                    self._topic, value, partition=partition, timestamp=timestamp_ms
                )
            except BufferError:
                self._producer.poll(FULL_SECONDS)
            else:
                return

    def poll(self) -> None:
        """Take note of what has become of records; due now and then."""
        self._producer.poll(0)

    def finish(self) -> None:
        """Wait until all are stored; raises RuntimeError when one is not."""
        left = self._producer.flush(FLUSH_SECONDS)
        if left or self._failures:
            raise RuntimeError(
                f"{left + len(self._failures)} records were not stored: {self._failures[:1]}"
            )
