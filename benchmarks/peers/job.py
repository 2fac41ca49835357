"""The job that every Python peer does, but for the counting: what a record says.

Counted are page views, conversions and cancellations per plan and country, by minute and by day,
and the different persons who were active on a day. Nothing counts of records that cannot be read,
of crawlers, and of what happened more than 10 minutes after or 24 hours before its record was
written. Only `orjson` and the standard library are used, so that all peers can have it.
"""

from datetime import datetime
from typing import Any, NamedTuple

import orjson

MINUTE_MS, DAY_MS = 60_000, 86_400_000
FUTURE_LIMIT_MS, GRACE_MS = 10 * MINUTE_MS, DAY_MS
MAX_RECORD_BYTES = 131_072
KINDS = frozenset({"track", "page", "screen", "identify", "group", "alias"})
CONVERSIONS = frozenset({"Signed Up", "Order Completed", "Subscription Started"})
CANCELLATION = "Subscription Cancelled"
PASSIVE = frozenset(
    {
        *("Subscription Cancelled", "Payment Succeeded", "Payment Failed", "Brand Mentioned"),
        *("NPS Answered", "CSAT Answered", "CES Answered", "Launch Started", "Launch Ended"),
        "Subscribers Declared",
    }
)
PLANS = frozenset({"free", "starter", "pro", "enterprise"})
COUNTRIES = frozenset({"AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "MX", "NL", "US"})
NONE, OTHER = "__none__", "__other__"


class Event(NamedTuple):
    """What a record that counts says."""

    time: int
    """Milliseconds since the epoch."""
    moment: datetime
    person: str
    """Empty where the event makes nobody active."""
    key: str
    """Measure, plan and country; empty where nothing is counted per plan and country."""


def read(value: bytes, record_time: int) -> Event | None:
    """What a record says; None when it does not count."""
    if len(value) > MAX_RECORD_BYTES:
        return None
    try:
        said = orjson.loads(value)
        return _event(said, record_time) if isinstance(said, dict) else None
    except (ValueError, TypeError, AttributeError, KeyError):
        return None  # not JSON, no time or one that is none, a list where an object must be


def _event(said: dict[str, Any], record_time: int) -> Event | None:
    kind, name = said.get("type"), said.get("event")
    person = said.get("userId") or said.get("anonymousId")
    message_id = said.get("messageId")
    if kind not in KINDS or not isinstance(person, str) or not isinstance(message_id, str):
        return None
    if kind == "track" and not name:
        return None
    context = said.get("context") or {}
    if context.get("bot") or "Googlebot" in context.get("userAgent", ""):
        return None
    moment = datetime.fromisoformat(said["timestamp"])
    if moment.tzinfo is None:
        return None
    time = round(moment.timestamp() * 1000)
    if not -GRACE_MS <= time - record_time <= FUTURE_LIMIT_MS:
        return None
    properties = said.get("properties") or {}
    plan, country = properties.get("plan"), (context.get("location") or {}).get("country")
    measure = _measure(kind, name)
    is_active = kind in {"page", "screen"} or (kind == "track" and name not in PASSIVE)
    return Event(
        time,
        moment,
        person if is_active else "",
        f"{measure}|{_one_of(plan, PLANS)}|{_one_of(country, COUNTRIES)}" if measure else "",
    )


def _measure(kind: str, name: str | None) -> str:
    if kind == "page":
        return "page_views"
    if kind == "track" and name in CONVERSIONS:
        return "conversions"
    return "cancellations" if kind == "track" and name == CANCELLATION else ""


def _one_of(value: str | None, known: frozenset[str]) -> str:
    if not value:
        return NONE
    return value if value in known else OTHER
