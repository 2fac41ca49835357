"""Counts the demo's events file again, from SPEC's words alone: nothing of tidegauge is used.

Late and duplicate are judged more simply than by a worker; the simulator keeps both far from
every doubt (a late record is 26 hours old, a duplicate comes a few records later).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

HOUR_MS = 3_600_000
LARGEST_BYTES = 131_072
KINDS = {"track", "page", "screen", "identify", "group", "alias"}
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
TEXTS = ("messageId", "userId", "anonymousId", "event", "name")


def recount(lines: Iterable[str], ends: Mapping[int, int] | None = None) -> Counter[str]:
    """Outcomes, page views by name, answers by score, orders and interactions before `ends`."""
    counts: Counter[str] = Counter()
    seen: set[tuple[int, str]] = set()
    for line in lines:
        record = json.loads(line)
        partition = record["partition"]
        if ends is not None and record["offset"] >= ends[partition]:
            continue
        event = _read(record["value"])
        outcome = _outcome(event, record["timestamp"])
        if event is not None and outcome == "accepted":
            outcome = "duplicate" if (partition, event["messageId"]) in seen else "accepted"
            seen.add((partition, event["messageId"]))
        counts[outcome] += 1
        if event is not None and outcome == "accepted":
            counts["interactions"] += event["type"] in {"track", "page", "screen"}
            counts["orders"] += event.get("event") == "Order Completed"
            if event.get("event") == "CSAT Answered":
                counts[_answer(event.get("properties", {}).get("score"))] += 1
            if event["type"] == "page":
                counts[f"page {event.get('name') or '__none__'}"] += 1
    return counts


def _answer(score: Any) -> str:
    """An answer on the scale of 1 to 5 by its number; all else counts as skipped."""
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    on_scale = is_number and score in {1, 2, 3, 4, 5}
    return f"score {score:.0f}" if on_scale else "skipped scores"


def _read(value: str) -> dict[str, Any] | None:
    """The event; None for what nobody can use."""
    broken = len(value.encode("utf-8", "surrogateescape")) > LARGEST_BYTES or "[" * 100 in value
    if broken or re.search("[\udc80-\udcff]", value):
        return None
    try:
        event = json.loads(value, parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        return None
    usable = (
        isinstance(event, dict)
        and event.get("type") in KINDS
        and all(isinstance(event.get(name), str | None) for name in TEXTS)
        and event.get("messageId")
        and (event.get("userId") or event.get("anonymousId"))
        and (event["type"] != "track" or event.get("event"))
        and isinstance(event.get("properties", {}), dict)
        and TIME.fullmatch(event.get("timestamp", ""))
    )
    return event if usable else None


def _outcome(event: dict[str, Any] | None, record_ms: int) -> str:
    if event is None:
        return "dead_letter"
    late_by = record_ms - _milliseconds(event["timestamp"])
    if late_by < -HOUR_MS / 6:
        return "future"
    context = event.get("context", {})
    if context.get("bot") or "Googlebot" in context.get("userAgent", ""):
        return "bot"
    return "late" if late_by > 25 * HOUR_MS else "accepted"


def _milliseconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
