"""Reads Segment's records strictly, with the standard library: an event, or why there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NoReturn

from tests.oracle.events import EPOCH
from tests.oracle.judge import Found, Row

MOST_BYTES = 131_072
MOST_DEPTH = 64
KINDS = ("track", "page", "screen", "identify", "group", "alias")
MILLISECOND = timedelta(milliseconds=1)
TEXTS = ("messageId", "event", "name")
IDS = ("userId", "anonymousId")
OBJECTS = ("properties", "traits", "context")


def read(row: Row) -> Found | str:
    """The event of a record and its time, or the reason for which it is a dead letter."""
    value = row.value or b""
    if len(value) > MOST_BYTES:
        return "too_large"
    if _depth(value) > MOST_DEPTH:
        return "too_deep"
    try:
        event = json.loads(value.decode(), parse_constant=_refuse)
    except UnicodeDecodeError:
        return "invalid_utf8"
    except ValueError:
        return "not_json"
    if not isinstance(event, dict):
        return "not_object"
    return _wrong(event) or _timed(event, row)


def _refuse(_: str) -> NoReturn:
    raise ValueError("JSON has neither NaN nor infinity")


def _depth(value: bytes) -> int:
    """How deeply objects and lists stand in each other, strings left aside."""
    if value.count(b"{") + value.count(b"[") <= MOST_DEPTH:
        return 0
    depth = deepest = 0
    inside = escaped = False
    for byte in value:
        if inside:
            inside, escaped = escaped or byte != ord('"'), not escaped and byte == ord("\\")
        elif byte == ord('"'):
            inside = True
        else:
            depth += (byte in b"{[") - (byte in b"}]")
            deepest = max(deepest, depth)
    return deepest


def _wrong(event: Mapping[str, Any]) -> str:
    """What is wrong with an event beside its time; nothing when it can be used."""
    kinds: list[tuple[str, Any]] = [(name, str) for name in TEXTS] + [
        (name, str | int) for name in IDS
    ]
    kinds += [(name, dict) for name in OBJECTS]
    for name, kind in kinds:
        told = event.get(name)
        if told is not None and (isinstance(told, bool) or not isinstance(told, kind)):
            return "wrong_type"
    if "type" not in event or not event.get("messageId"):
        return "missing_field"
    if event["type"] not in KINDS:
        return "unknown_type"
    if event["type"] == "track" and not event.get("event"):
        return "missing_field"
    return "" if any(event.get(name) not in (None, "") for name in IDS) else "missing_field"


def _timed(event: Mapping[str, Any], row: Row) -> Found | str:
    """The event with its time, corrected for a clock that is wrong where that can be told."""
    try:
        told = {
            name: datetime.fromisoformat(event[name]) - EPOCH
            for name in ("timestamp", "originalTimestamp", "sentAt", "receivedAt")
            if name in event
        }
    except (TypeError, ValueError):
        return "bad_time"
    time = told.get("timestamp", timedelta(milliseconds=row.timestamp))
    if len(told) == 4:
        time = told["receivedAt"] - (told["sentAt"] - told["originalTimestamp"])
    known = 2000 <= (EPOCH + time).year < 2100
    return Found(event, time // MILLISECOND) if known else "bad_time"
