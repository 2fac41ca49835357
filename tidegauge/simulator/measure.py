"""Which metrics an accepted event moves: the definitions, written down a second time.

The product has its own in its catalogue; neither reads the other.
"""

import functools
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from tidegauge.simulator.record import Increment, Key

NONE = "__none__"
OTHER = "__other__"
PLANS = frozenset({"free", "starter", "pro", "enterprise"})
CHANNELS = frozenset(
    "email link whatsapp x facebook linkedin instagram reddit blog press".split()  # noqa: SIM905 - one line says it
)
GOALS = {"Signed Up": "signup", "Order Completed": "order", "Subscription Started": "subscription"}
# Done to or about a person, not by one. "Subscription Started" is a goal, hence active.
PASSIVE = frozenset(
    {
        "Subscription Cancelled",
        "Payment Succeeded",
        "Payment Failed",
        "NPS Answered",
        "CSAT Answered",
        "Brand Mentioned",
        "Launch Started",
        "Launch Ended",
    }
)
INTERACTIONS = frozenset({"page", "screen", "track"})


def counts(kind: str, name: str | None, properties: Mapping[str, Any]) -> tuple[Increment, ...]:
    """Return the counts that one accepted event of this kind and name moves."""
    if kind not in INTERACTIONS:
        return ()
    found = [Increment(key("interactions"), 1)]
    if kind == "page":
        found.append(Increment(key("page_views", page=name or NONE), 1))
    elif kind == "track" and name is not None:
        found.extend(_track(name, properties))
    return tuple(found)


def distincts(kind: str, name: str | None) -> tuple[Key, ...]:
    """Return the distinct counts in which the event's person stands."""
    if kind not in INTERACTIONS or (kind == "track" and name in PASSIVE):
        return ()
    if kind == "track" and name in GOALS:
        return (key("active_users"), key("converting_users", goal=GOALS[name]))
    return (key("active_users"),)


@functools.lru_cache(maxsize=4096)
def key(metric: str, **labels: str) -> Key:
    """Name a series; labels are sorted."""
    return (metric, tuple(sorted(labels.items())))


def _track(name: str, properties: Mapping[str, Any]) -> Iterator[Increment]:
    if name in GOALS:
        yield Increment(key("conversions", goal=GOALS[name]), 1)
    if name == "Subscription Cancelled":
        labels = {"plan": _plan(properties), "reason": properties.get("reason", NONE)}
        yield Increment(key("cancellations", **labels), 1)
    elif name == "Feature Used":
        yield Increment(key("feature_uses", feature=properties.get("feature", NONE)), 1)
    elif name in {"Content Shared", "Product Shared"}:
        channel = properties.get("channel", properties.get("share_via"))
        yield Increment(key("shares", channel=_channel(channel)), 1)
    elif name == "Brand Mentioned":
        yield Increment(key("mentions", channel=_channel(properties.get("channel"))), 1)
    elif name in {"Order Completed", "Payment Succeeded"}:
        yield Increment(
            key("revenue", currency=properties.get("currency", "USD")), _micros(properties)
        )
    elif name == "CSAT Answered" and _satisfaction(properties) is not None:
        yield Increment(key("csat", score=str(_satisfaction(properties))), 1)


def _plan(properties: Mapping[str, Any]) -> str:
    plan = properties.get("plan")
    return NONE if plan is None else plan if plan in PLANS else OTHER


def _channel(channel: str | None) -> str:
    return NONE if channel is None else channel if channel in CHANNELS else OTHER


def _satisfaction(properties: Mapping[str, Any]) -> int | None:
    # Numbers that say 1 to 5; True equals 1 in Python and is no answer.
    score: Any = properties.get("score")
    known = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5}
    return known.get(score) if type(score) in (int, float) else None


def _micros(properties: Mapping[str, Any]) -> int:
    # Decimal reads the digits as they stand in the JSON text.
    return int(Decimal(str(properties["revenue"])) * 1_000_000)
