"""Follows a changelog while workers write it: what is safe, and when a checkpoint is half done."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import confluent_kafka

from streams.checkpoint import MANIFEST, Manifest
from streams.unit import unseal
from tests.integration.background import InBackground
from tests.integration.pipeline import Pipeline, wait_for

log = logging.getLogger(__name__)


class ChangelogTail(InBackground):
    """Reads in a thread of its own, some milliseconds behind the broker."""

    def __init__(self, line: Pipeline) -> None:
        super().__init__()
        self.safe: dict[int, int] = dict.fromkeys(range(line.partitions), 0)
        """Per partition, the largest offset that a manifest names."""
        self.torn: Counter[int] = Counter()
        """Per partition, rows since its last manifest."""
        self.stale_manifests = 0
        """Manifests that came after one of a larger offset: somebody was late to learn."""
        self._topic = line.worker_settings().changelog_topic
        self._rows: Counter[int] = Counter()
        self._read: Counter[int] = Counter()
        self._changed = threading.Condition()
        self._line = line
        self._consumer = _consumer(line)
        self._consumer.assign([self._partition(number) for number in self.safe])
        self._ends = _consumer(line)  # a question would wait for the fetches of the other

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._consumer.close()
        self._ends.close()

    def unsafe(self, partitions: Iterable[int], ends: Mapping[int, int]) -> int:
        """Records before these ends that no manifest covers: they would be folded once more."""
        return sum(max(0, ends[number] - self.safe[number]) for number in partitions)

    def wait_for_half_a_checkpoint(self, partitions: Iterable[int], seconds: float) -> None:
        """Return as soon as a row comes for one of these; its manifest comes some time later."""
        before = self._rows.copy()
        with self._changed:
            self._changed.wait_for(
                lambda: any(self._rows[n] > before[n] for n in partitions), seconds
            )

    def catch_up(self) -> None:
        """Return once all that stands in the changelog now is read."""
        ends = {
            number: wait_for("its end is told", partial(self._end, number), 60)[0]
            for number in self.safe
        }
        wait_for("the tail is read", lambda: all(self._read[n] >= ends[n] for n in ends), 20)

    def _end(self, number: int) -> tuple[int, ...]:
        """The end of a partition; nothing while it gets another leader."""
        try:
            return (self._ends.get_watermark_offsets(self._partition(number), timeout=10)[1],)
        except confluent_kafka.KafkaException as error:
            log.info("the end of partition %d of the changelog is not told: %s", number, error)
            self._ends.close()  # one client went unanswered for a minute after leaders had changed
            self._ends = _consumer(self._line)
            return ()

    def _partition(self, number: int) -> Any:
        return confluent_kafka.TopicPartition(self._topic, number, 0)

    def _run(self) -> None:
        while not self._over.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:  # the broker may be away
                with self._changed:
                    self._take(message)
                    self._changed.notify_all()

    def _take(self, message: Any) -> None:
        number = message.partition()
        self._read[number] = message.offset() + 1
        if message.value() is None:
            return  # tombstones follow a manifest
        if message.key().decode().rpartition("/")[2] != MANIFEST:
            self._rows[number] += 1
            self.torn[number] += 1
            return
        offset = unseal(Manifest, message.value(), MANIFEST).offset
        self.stale_manifests += offset < self.safe[number]
        self.safe[number] = max(offset, self.safe[number])
        self.torn[number] = 0


def _consumer(line: Pipeline) -> Any:
    return confluent_kafka.Consumer(
        {
            "bootstrap.servers": line.bootstrap,
            "group.id": "tail-of-tests",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,
            "reconnect.backoff.max.ms": 500,
            "log_level": 0,
        }
    )
