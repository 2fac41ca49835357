"""A simulated record with blanks: the message id, the persons and the minute of every time.

Where it says so the second is left blank instead, with the minute it is in.
"""

import re
from datetime import datetime
from typing import NamedTuple

from tidegauge.simulator.record import Record, time_text

TO_THE_MINUTE, TO_THE_SECOND = len("2026-01-05T08:00"), len("2026-01-05T08:00:00")
MESSAGE_ID = re.compile(rb'"messageId":"[0-9a-f]{8}')
PERSON = re.compile(rb'"(userId|anonymousId)":"')
TIME = rb'"(timestamp|originalTimestamp|sentAt|receivedAt)":"(.{%d})'


class Template(NamedTuple):
    """A record of the minute; `value` is for `%` with the words of a repetition."""

    partition: int
    timestamp_ms: int
    value: bytes

    @classmethod
    def of(cls, record: Record, digits: int = TO_THE_MINUTE) -> "Template":
        """Leave blanks for id, persons and so much of times; broken records stay as they are."""
        value = record.value.replace(b"%", b"%%")
        if record.truth.outcome != "dead_letter":
            value = MESSAGE_ID.sub(rb'"messageId":"%(id)b', value)
            value = PERSON.sub(rb'"\1":"%(people)b', value)
            value = re.sub(TIME % digits, rb'"\1":"%(\2)b', value)
        return cls(record.partition, record.timestamp_ms, value)


def times_in(value: bytes, digits: int = TO_THE_MINUTE) -> list[bytes]:
    """Texts of the minutes that a template leaves blank."""
    return re.findall(rb"%%\((.{%d})\)b" % digits, value)


def time_of(text: bytes) -> int:
    """Milliseconds since the epoch of the text of a minute or second."""
    return int(datetime.fromisoformat(text.decode() + "Z").timestamp()) * 1000


def text_of(time_ms: int, digits: int = TO_THE_MINUTE) -> bytes:
    """Text of the minute of a time in milliseconds."""
    return time_text(time_ms)[:digits].encode()
