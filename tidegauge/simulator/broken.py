"""Records that no reader can use, each kind with the dead-letter reason it must get.

Every kind starts from a good payload and has exactly one fault, so that the reason is certain.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tidegauge.simulator.record import encode
from tidegauge.simulator.vocabulary import Weighted

SIZE_LIMIT_BYTES = 131_072
DEPTH = 2_000
Payload = dict[str, Any]


class Fault(NamedTuple):
    """A way to break a payload; `damage` may change the payload it is given."""

    reason: str
    name: str
    damage: Callable[[Payload], bytes]


def fault(rng: random.Random) -> Fault:
    """Draw one way to break a record; the large ones are rare."""
    return _FAULTS.draw(rng)


def _changed(**changes: Any) -> Callable[[Payload], bytes]:
    return lambda payload: encode(payload | changes)


def _without(*names: str) -> Callable[[Payload], bytes]:
    return lambda payload: encode({k: v for k, v in payload.items() if k not in names})


def _constant(value: bytes) -> Callable[[Payload], bytes]:
    return lambda _: value


def _timed(text: str) -> Callable[[Payload], bytes]:
    # The other times go, or a reader could correct the bad one from them.
    gone = _without("originalTimestamp", "sentAt", "receivedAt")
    return lambda payload: gone(payload | {"timestamp": text})


def _cut(payload: Payload) -> bytes:
    return encode(payload)[:-20]


def _number(text: bytes) -> Callable[[Payload], bytes]:
    # JSON has no NaN and no infinity, but JavaScript and Python programs do write them.
    return lambda payload: encode(_track(payload) | {"properties": {"revenue": 0}}).replace(
        b'{"revenue":0}', b'{"revenue":' + text + b"}"
    )


def _track(payload: Payload) -> Payload:
    named = {name: value for name, value in payload.items() if name not in {"name", "traits"}}
    return named | {"type": "track", "event": "Order Completed"}


def _nameless(payload: Payload) -> bytes:
    return encode({k: v for k, v in _track(payload).items() if k != "event"})


def _deep(payload: Payload) -> bytes:
    value = encode(_track(payload) | {"properties": {"tree": 0}})
    return value.replace(b'{"tree":0}', b'{"tree":' + b"[" * DEPTH + b"]" * DEPTH + b"}")


def _garbled(**changes: Any) -> Callable[[Payload], bytes]:
    # 0xff stands nowhere in UTF-8; 0xc3 must be followed by another byte.
    return lambda payload: encode(payload | changes).replace(b"garbled", b"caf\xc3 \xff")


def _large(payload: Payload) -> bytes:
    return encode(payload | {"context": {"dump": "x" * (SIZE_LIMIT_BYTES + 1)}})


_FAULTS: Weighted[Fault] = Weighted(
    {
        Fault("not_json", "plain text", _constant(b"GET /collect HTTP/1.1")): 3,
        Fault("not_json", "cut off", _cut): 6,
        Fault("not_json", "NaN", _number(b"NaN")): 3,
        Fault("not_json", "infinity", _number(b"-Infinity")): 2,
        Fault("not_object", "array", _constant(b'["track","Signed Up"]')): 3,
        Fault("not_object", "string", _constant(b'"Signed Up"')): 2,
        Fault("not_object", "null", _constant(b"null")): 2,
        Fault("wrong_type", "user id is an object", _changed(userId={"id": 7})): 4,
        Fault("wrong_type", "properties is a list", _changed(properties=["a", 1])): 4,
        Fault("wrong_type", "message id is a number", _changed(messageId=12345)): 4,
        Fault("missing_field", "no message id", _without("messageId")): 5,
        Fault("missing_field", "nobody", _without("userId", "anonymousId")): 5,
        Fault("missing_field", "track without event", _nameless): 5,
        Fault("unknown_type", "purchase", _changed(type="purchase")): 6,
        Fault("bad_time", "not a time", _timed("yesterday")): 3,
        Fault("bad_time", "no zone", _timed("2026-01-05T10:00:00.000")): 3,
        Fault("bad_time", "before 2000", _timed("1970-01-01T00:00:00.000Z")): 3,
        Fault("bad_time", "after 2100", _timed("2157-06-01T00:00:00.000Z")): 3,
        Fault("invalid_utf8", "cut character", _garbled(userId="garbled")): 3,
        Fault("invalid_utf8", "cut character aside", _garbled(context={"note": "garbled"})): 3,
        Fault("too_deep", "nested lists", _deep): 2,
        Fault("too_large", "dump", _large): 0.5,
    }
)
FAULTS = _FAULTS.values
"""Every kind, for those who want to see each."""
