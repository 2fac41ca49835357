"""Reads the source while the run goes on, so that it may forget what is counted already."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import confluent_kafka

from tests.chaos.recount import Row
from tests.integration.background import InBackground
from tests.integration.pipeline import Pipeline, wait_for


class Recorder(InBackground):
    """Another client than the workers', in a thread of its own; `with` it."""

    def __init__(self, line: Pipeline) -> None:
        super().__init__()
        self.rows: dict[int, list[Row]] = defaultdict(list)
        """By partition, in the order of the log, whatever the topic still holds."""
        self.wrong: list[str] = []
        self._line = line

    def catch_up(self, ends: Mapping[int, int]) -> None:
        """Return once everything before these ends is read."""
        wait_for("the source is read", lambda: self._has(ends), 120)

    def all_rows(self) -> Iterator[Row]:
        """Those of all partitions."""
        for number in sorted(self.rows):
            yield from self.rows[number]

    def _has(self, ends: Mapping[int, int]) -> bool:
        return all(len(self.rows[number]) >= end for number, end in ends.items())

    def _run(self) -> None:
        consumer = confluent_kafka.Consumer(
            {
                "bootstrap.servers": self._line.bootstrap,
                "group.id": "recorder-of-tests",
                "enable.auto.commit": False,
                "auto.offset.reset": "error",  # what is gone must not pass for what was read
                "reconnect.backoff.max.ms": 500,
                "log_level": 0,
            }
        )
        try:
            numbers = range(self._line.partitions)
            topic = self._line.topic
            consumer.assign([confluent_kafka.TopicPartition(topic, n, 0) for n in numbers])
            while not self._over.is_set():
                for message in consumer.consume(1_000, 0.1):
                    self._take(message)
        finally:
            consumer.close()

    def _take(self, message: Any) -> None:
        error = message.error()
        if error is not None:
            if error.code() == confluent_kafka.KafkaError._AUTO_OFFSET_RESET:
                self.wrong.append(f"the source could not be read: {error}")
            return  # the brokers may be away
        row = Row.of(message)
        held = self.rows[row.partition]
        if row.offset != len(held):
            self.wrong.append(f"partition {row.partition}: {row.offset} follows {len(held) - 1}")
        held.append(row)
