"""Outcomes by the contract, record by record, in the slowest and plainest way.

A second opinion on what the simulator claims: it sees only the bytes, in topic order.
"""

import collections
import json
import statistics
from datetime import datetime
from typing import Any

from tidegauge.simulator.record import Record

BLOCK = 64
GRACE_MS = 24 * 3_600_000
SKEW_MS = 600_000
HORIZON_MS = 600_000
SIZE_LIMIT = 131_072
DEPTH_LIMIT = 500


def outcomes(records: list[Record]) -> list[str]:
    """Outcome of each record; a dead letter gives its reason."""
    lanes: dict[int, Lane] = collections.defaultdict(Lane)
    return [lanes[record.partition].judge(record) for record in records]


class Lane:
    """One partition: its watermark and the ids it has accepted."""

    def __init__(self) -> None:
        self.watermark = 0
        self.records = 0
        self.block: list[int] = []
        self.ids: dict[str, int] = {}

    def judge(self, record: Record) -> str:
        outcome, time_ms = self._outcome(record)
        if outcome in {"accepted", "late", "duplicate"}:
            self.block.append(time_ms)
        self.records += 1
        if self.records % BLOCK == 0 and self.block:
            self.watermark = max(self.watermark, int(statistics.median_low(self.block)))
            self.block = []
        return outcome

    def _outcome(self, record: Record) -> tuple[str, int]:
        reason = dead_letter_reason(record.value)
        if reason is not None:
            return reason, 0
        payload = json.loads(record.value)
        time_ms = corrected_ms(payload)
        context = payload["context"]
        if time_ms > record.timestamp_ms + SKEW_MS:
            return "future", time_ms
        if context.get("bot") or "Googlebot" in context.get("userAgent", ""):
            return "bot", time_ms
        if time_ms < self.watermark - GRACE_MS:
            return "late", time_ms
        seen = self.ids.get(payload["messageId"])
        if seen is not None and self.watermark <= seen + HORIZON_MS:
            return "duplicate", time_ms
        self.ids[payload["messageId"]] = self.watermark
        return "accepted", time_ms


def corrected_ms(payload: dict[str, Any]) -> int:
    """Event time by the clock correction when all four times are there."""
    if "originalTimestamp" not in payload:
        return milliseconds(payload["timestamp"])
    sent = milliseconds(payload["sentAt"]) - milliseconds(payload["originalTimestamp"])
    return milliseconds(payload["receivedAt"]) - sent


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def dead_letter_reason(value: bytes) -> str | None:
    """What is wrong with the bytes; None when nothing is."""
    if len(value) > SIZE_LIMIT:
        return "too_large"
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "invalid_utf8"
    if depth(text) > DEPTH_LIMIT:
        return "too_deep"
    try:
        payload = json.loads(text, parse_constant=_refuse)
    except ValueError:
        return "not_json"
    return _payload_reason(payload)


def depth(text: str) -> int:
    """Nesting; brackets inside strings would mislead, the simulator writes none."""
    deepest = level = 0
    for character in text:
        level += (character in "[{") - (character in "]}")
        deepest = max(deepest, level)
    return deepest


def _payload_reason(payload: Any) -> str | None:
    if not isinstance(payload, dict):
        return "not_object"
    texts = ("type", "messageId", "event", "name", "userId", "anonymousId", "timestamp")
    if any(not isinstance(payload.get(name), str | None) for name in texts):
        return "wrong_type"
    if not isinstance(payload.get("properties", {}), dict):
        return "wrong_type"
    return _field_reason(payload)


def _field_reason(payload: dict[str, Any]) -> str | None:
    if "messageId" not in payload or not (payload.get("userId") or payload.get("anonymousId")):
        return "missing_field"
    if payload["type"] not in {"track", "page", "screen", "identify", "group", "alias"}:
        return "unknown_type"
    if payload["type"] == "track" and "event" not in payload:
        return "missing_field"
    return None if _sane_time(payload["timestamp"]) else "bad_time"


def _sane_time(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    return moment.tzinfo is not None and 2000 <= moment.year <= 2100


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
