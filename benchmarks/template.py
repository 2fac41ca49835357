"""A simulated record with blanks: the message id, the persons and the minute of every time."""

import re
from datetime import datetime
from typing import NamedTuple

from tidegauge.simulator.record import Record, time_text

TO_THE_MINUTE = len("2026-01-05T08:00")
MESSAGE_ID = re.compile(rb'"messageId":"[0-9a-f]{8}')
PERSON = re.compile(rb'"(userId|anonymousId)":"')
TIME = re.compile(rb'"(timestamp|originalTimestamp|sentAt|receivedAt)":"(.{%d})' % TO_THE_MINUTE)


class Template(NamedTuple):
    """A record of the minute; `value` is for `%` with the words of a repetition."""

    partition: int
    timestamp_ms: int
    value: bytes

    @classmethod
    def of(cls, record: Record) -> "Template":
        """Leave blanks for the id, the persons and the minute; broken records stay as they are."""
        value = record.value.replace(b"%", b"%%")
        if record.truth.outcome != "dead_letter":
            value = MESSAGE_ID.sub(rb'"messageId":"%(id)b', value)
            value = PERSON.sub(rb'"\1":"%(people)b', value)
            value = TIME.sub(rb'"\1":"%(\2)b', value)
        return cls(record.partition, record.timestamp_ms, value)


def minutes_in(value: bytes) -> list[bytes]:
    """Texts of the minutes that a template leaves blank."""
    return re.findall(rb"%%\((.{%d})\)b" % TO_THE_MINUTE, value)


def time_of(text: bytes) -> int:
    """Milliseconds since the epoch of the text of a minute."""
    return int(datetime.fromisoformat(text.decode() + "Z").timestamp()) * 1000


def text_of(time_ms: int) -> bytes:
    """Text of the minute of a time in milliseconds."""
    return time_text(time_ms)[:TO_THE_MINUTE].encode()
