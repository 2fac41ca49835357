"""Sends records to Kafka and tells the ledger of each one the broker has acknowledged.

Order per partition is kept, also through retries: one request is in flight at a time. The events
file has one JSON line {"partition", "offset", "timestamp", "value"} per acknowledged record, in
the order sent; bytes that are not UTF-8 are written with Python's `surrogateescape`, so
`line["value"].encode("utf-8", "surrogateescape")` gives back the record's bytes.
"""

import collections
import json
from pathlib import Path
from typing import Any, TextIO

from kafka.errors import KafkaError, KafkaTimeoutError

from agents.brokers import Brokers
from tidegauge.producer import ACKNOWLEDGE_SECONDS, CannotConnect, connect
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.record import Record

WAITING_LIMIT = 20_000


class SendError(Exception):
    """A record's fate is unknown or it was refused, so the ledger cannot be the truth."""


class Sender:
    """Feeds one topic; use from one thread."""

    def __init__(
        self,
        brokers: Brokers,
        topic: str,
        partitions: int,
        ledger: Ledger,
        events: Path | None = None,
    ) -> None:
        self.unexplained_records = 0
        """Offsets passed over: records of others, or of ours that a retry appended twice."""
        self._topic = topic
        self._ledger = ledger
        self._waiting: collections.deque[tuple[Record, Any]] = collections.deque()
        self._next_offsets: dict[int, int] = {}
        try:
            self._producer = connect(brokers)
        except CannotConnect as error:
            raise SendError(str(error)) from error
        self._require(partitions)
        self._events: TextIO | None = None if events is None else events.open("w", encoding="ascii")

    def send(self, record: Record) -> None:
        """Hand over one record; waits while 20,000 are not acknowledged.

        Raises SendError when a record sent before has failed.
        """
        try:
            future = self._producer.send(
                self._topic,
                value=record.value,
                partition=record.partition,
                timestamp_ms=record.timestamp_ms,
            )
        except KafkaError as error:
            raise SendError(self._failed(error)) from error
        self._waiting.append((record, future))
        if len(self._waiting) > WAITING_LIMIT:
            self._settle_first()
            self.settle()

    def settle(self) -> None:
        """Tell the ledger of all records acknowledged by now; does not wait."""
        while self._waiting and self._waiting[0][1].is_done:
            self._settle_first()

    def flush(self) -> None:
        """Wait until every record is acknowledged and in the ledger and the events file."""
        while self._waiting:
            self._settle_first()
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Give up the connection; records not settled stay out of the ledger."""
        self._producer.close(timeout=5)
        if self._events is not None:
            self._events.close()

    def _settle_first(self) -> None:
        record, future = self._waiting[0]
        try:
            offset = future.get(ACKNOWLEDGE_SECONDS).offset
        except KafkaError as error:
            raise SendError(self._failed(error)) from error
        self._waiting.popleft()
        expected = self._next_offsets.get(record.partition, offset)
        self.unexplained_records += offset - expected
        self._next_offsets[record.partition] = offset + 1
        self._ledger.record(record.partition, *record.truth)
        if self._events is not None:
            self._events.write(_line(record, offset))

    def _require(self, partitions: int) -> None:
        try:
            found = len(self._producer.partitions_for(self._topic) or ())
        except KafkaTimeoutError:  # how a broker that creates no topics says that there is none
            found = 0
        if found != partitions:
            self._producer.close(timeout=5)
            raise SendError(
                f"topic {self._topic} has {found} partitions, not {partitions}; "
                f"create it with `tidegauge topics` or give its number of partitions"
            )

    def _failed(self, error: KafkaError) -> str:
        return (
            f"sending to {self._topic} failed ({error!r}), so the ledger would not be the truth; "
            f"see that the broker runs and takes records of 256 KiB, then start with a new topic"
        )


def _line(record: Record, offset: int) -> str:
    value = json.dumps(record.value.decode("utf-8", "surrogateescape"))
    return (
        f'{{"partition": {record.partition}, "offset": {offset}, '
        f'"timestamp": {record.timestamp_ms}, "value": {value}}}\n'
    )
