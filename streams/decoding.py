"""From the bytes of Kafka records to events, many in one call.

A run of records is joined into one JSON array and decoded at once: several times faster than a
call per record. Between two records stands a number nobody can guess. Two broken records that
would only parse together ("..., [1" and "2]") swallow that number, so the run is seen to be out
of step. A run that cannot be read is halved until the record at fault stands alone and gets its
reason; a record's fate therefore never depends on its neighbours.
"""

import itertools
import re
import secrets
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Annotated, Any, Literal

import msgspec

from streams.event import KINDS, Event, Reason, Rejected
from streams.record_type import record_type
from streams.wire import PersonKey, WireFormat

MAX_RECORD_BYTES = 131_072
"""Four times Segment's own limit of 32 KB an event."""
MAX_DEPTH = 64
MAX_ID_CHARACTERS = 512
RUN_RECORDS = 64
"""Short enough that of a few broken records in a thousand most runs have none."""
FEW_RECORDS = 8
"""Together they open no more objects and lists than one of them may nest, mostly."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = (datetime(2000, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND
LATEST = (datetime(2100, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARACTERS)]
Person = Annotated[str, msgspec.Meta(max_length=MAX_ID_CHARACTERS)] | int | None
Moment = Annotated[datetime, msgspec.Meta(tz=True)] | None

# msgspec tells its validation errors apart by text only; the pinned minor keeps these stable.
QUOTES_RECORD = "Invalid enum value"
REASON_OF_ERROR: tuple[tuple[str, Reason], ...] = (
    (QUOTES_RECORD, "unknown_type"),  # first: it quotes what the record says
    ("missing required field", "missing_field"),
    ("RFC3339", "bad_time"),
    ("timezone", "bad_time"),
    ("`datetime", "bad_time"),
)


FACTS = 11
"""What is read of every record, before what the catalogue asks for."""
NO_NAME = Rejected("missing_field", "a track event has no name")
NOBODY = Rejected("missing_field", "neither a user nor an anonymous person")
BAD_TIME = Rejected("bad_time", "the time lies before 2000 or after 2100")


class Decoder:
    """Reads records of one wire format; `paths` are what the catalogue reads besides."""

    def __init__(self, wire: WireFormat, paths: Sequence[str], person_key: PersonKey) -> None:
        self._person_key = person_key
        self._nonce = secrets.randbits(62)
        self._separator = b",%d," % self._nonce
        fields = [
            (wire.kind, Literal[KINDS], msgspec.NODEFAULT),
            (wire.message_id, Id, msgspec.NODEFAULT),
            (wire.name, str | None, None),
            (wire.user, Person, None),
            (wire.anonymous, Person, None),
            (wire.time, Moment, None),
            (wire.original_time, Moment, None),
            (wire.sent_at, Moment, None),
            (wire.received_at, Moment, None),
            (wire.bot, bool | None, None),
            (wire.user_agent, str | None, None),
            *((path, Any, None) for path in paths),
        ]
        record, self._getters, self._objects = record_type([f for f in fields if f[0]])
        # A fact this format does not carry is read from a class attribute that is None.
        facts = [self._getters[path] if path else "absent" for path, *_ in fields[:FACTS]]
        self._tracks_only = wire.kind is None
        self._facts = attrgetter(*facts)
        # Of each object one value, which is not there where the object is null.
        self._probe = attrgetter("absent", *(one.probe for one in self._objects))
        batch: Any = list[record | int]  # type: ignore[valid-type]
        self._decode_batch = msgspec.json.Decoder(batch).decode
        self._decode_one: Any = msgspec.json.Decoder(record).decode

    def reader(self, paths: Sequence[str]) -> Callable[[Any], tuple[Any, ...]]:
        """What reads some of `paths` of `Event.said`: their values in order, perhaps some more.

        What an event says beside the facts is read where it counts: all of it of every event took
        a twentieth of the fold.
        """
        names = [self._getters[path] for path in paths]
        return attrgetter(*names, *["absent"] * (2 - len(names)))  # of one it gives no tuple

    def decode(self, values: Sequence[bytes | None]) -> list[Event | Rejected]:
        """Read a batch; the result has one entry a record, in the same order."""
        found: list[Event | Rejected] = []
        for start in range(0, len(values), RUN_RECORDS):
            run = values[start : start + RUN_RECORDS]
            safe = _all_safe(run)
            found += self._decode_run(run) if safe else map(self._decode_alone, run)
        return found

    def _decode_run(self, values: Sequence[bytes | None]) -> list[Event | Rejected]:
        found = self._decode_together(values)
        if found is not None:
            return found
        if len(values) == 1:
            return [self._decode_alone(values[0])]
        half = len(values) // 2
        return self._decode_run(values[:half]) + self._decode_run(values[half:])

    def _decode_together(self, values: Sequence[bytes | None]) -> list[Event | Rejected] | None:
        """Decode a run at once; None where that fails or where any record must be looked at."""
        joined: bytes = self._separator.join(values)  # type: ignore[arg-type]
        try:
            joined.decode()  # msgspec does not look at the text of fields nobody asked for
            found = self._decode_batch(b"[" + joined + b"]")
            if len(found) != 2 * len(values) - 1:
                return None
            if found[1::2].count(self._nonce) != len(values) - 1:
                return None
            records = found[::2]
            deque(map(self._probe, records), maxlen=0)
            return self._events(records)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError):
            # AttributeError: an integer where a record should be, or `"context": null`.
            return None

    def _decode_alone(self, value: bytes | None) -> Event | Rejected:
        refused = _refused(value)
        if refused:
            return refused
        try:
            value.decode()  # type: ignore[union-attr]
            record = self._decode_one(value)
        except msgspec.ValidationError as error:
            return Rejected(_reason(str(error)), _unquoted(str(error)))
        except msgspec.DecodeError as error:
            return Rejected("not_json", str(error))
        except UnicodeDecodeError as error:
            return Rejected("invalid_utf8", str(error))
        for one in self._objects:
            one.fill(record)
        return self._events([record])[0]

    def _events(self, records: Iterable[Any]) -> list[Event | Rejected]:
        """What records say; written for speed, in one loop without a call for each."""
        found: list[Event | Rejected] = []
        add, person_key = found.append, self._person_key
        for said, facts in zip(records, map(self._facts, records), strict=True):
            kind, message_id, name, user, anonymous, time, original, sent, received, bot, agent = (
                facts
            )
            if self._tracks_only:
                kind = "track"
            if kind == "track" and not name:
                add(NO_NAME)
                continue
            known = str(user) if type(user) is int else user or None
            unknown = str(anonymous) if type(anonymous) is int else anonymous or None
            if known is None and unknown is None:
                add(NOBODY)
                continue
            if time is not None:
                if original is None or sent is None or received is None:
                    time = (time - EPOCH) // MILLISECOND
                else:
                    time = (received - EPOCH - (sent - original)) // MILLISECOND
                if not EARLIEST <= time < LATEST:
                    add(BAD_TIME)
                    continue
            if person_key == "user_else_anonymous":
                person = known or unknown
            else:
                person = known if person_key == "user_only" else unknown or known
            both = known is not None and unknown is not None
            add(Event(kind, message_id, name, person, both, time, bool(bot), agent, said))
        return found


def _unquoted(message: str) -> str:
    """What was wrong, without what the record says: this is logged."""
    told, quote, _ = message.partition(QUOTES_RECORD)
    return f"{told}{quote}, which is none of {', '.join(KINDS)}" if quote else message


def _reason(message: str) -> Reason:
    for text, reason in REASON_OF_ERROR:
        if text in message:
            return reason
    if message.startswith("Expected `object`") and " - at " not in message:
        return "not_object"
    return "wrong_type"


def _refused(value: bytes | None) -> Rejected | None:
    """Judge what must not reach the parser: its own depth limit moves with the caller's stack."""
    if value is None:
        return Rejected("not_json", "the record has no value")
    if len(value) > MAX_RECORD_BYTES:
        return Rejected("too_large", f"{len(value)} bytes, the limit is {MAX_RECORD_BYTES}")
    if _opened(value) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        return Rejected("too_deep", f"nested deeper than {MAX_DEPTH}")
    return None


def _all_safe(values: Sequence[bytes | None]) -> bool:
    """Say whether `_refused` takes them all; written for speed, it is asked of every record."""
    if None in values or max(map(len, values)) > MAX_RECORD_BYTES:  # type: ignore[arg-type]
        return False
    some = (values[start : start + FEW_RECORDS] for start in range(0, len(values), FEW_RECORDS))
    if all(_opened(b"".join(few)) <= MAX_DEPTH for few in some):  # type: ignore[arg-type]
        return True
    # Orders with a dozen products each: asking one by one cost a twentieth of their fold.
    return max(map(_opened, values)) <= MAX_DEPTH or not any(map(_refused, values))  # type: ignore[arg-type]


def _opened(text: bytes) -> int:
    """How many objects and lists are opened, and so at most nested."""
    return text.count(b"{") + text.count(b"[")


ESCAPED = re.compile(rb"\\.", re.DOTALL)
STEP = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
NEITHER_STEP_NOR_QUOTE = bytes(set(range(256)) - {*STEP, ord('"')})


def _depth(value: bytes) -> int:
    told = ESCAPED.sub(b"", value).translate(None, NEITHER_STEP_NOR_QUOTE)
    outside_strings = b"".join(told.split(b'"')[::2])
    return max(itertools.accumulate(map(STEP.__getitem__, outside_strings)), default=0)
