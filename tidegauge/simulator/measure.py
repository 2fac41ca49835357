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
PURCHASES = frozenset({"Order Completed", "Payment Succeeded"})
CURRENCIES = frozenset({"USD", "EUR", "GBP"})
"""Those that the traffic has, of the sixty that are known."""
LARGEST_REVENUE = 1_000_000_000
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
        "Subscribers Declared",
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
        labels = {"plan": plan_of(properties), "reason": properties.get("reason", NONE)}
        yield Increment(key("cancellations", **labels), 1)
    elif name == "Feature Used":
        yield Increment(key("feature_uses", feature=feature_of(properties)), 1)
    elif name in {"Content Shared", "Product Shared"}:
        channel = properties.get("channel", properties.get("share_via"))
        yield Increment(key("shares", channel=_channel(channel)), 1)
    elif name == "Brand Mentioned":
        yield Increment(key("mentions", channel=_channel(properties.get("channel"))), 1)
    elif name in PURCHASES and (money := micros(properties)) is not None:
        yield Increment(key("revenue", currency=currency_of(properties)), money)
    elif name == "CSAT Answered" and (told := score(properties, 1, 5)) is not None:
        yield Increment(key("csat", score=told), 1)


def plan_of(properties: Mapping[str, Any]) -> str:
    """Return the plan as a label."""
    plan = properties.get("plan")
    return NONE if plan is None else plan if plan in PLANS else OTHER


def _channel(channel: str | None) -> str:
    return NONE if channel is None else channel if channel in CHANNELS else OTHER


def feature_of(properties: Mapping[str, Any]) -> str:
    """Return the feature as a label."""
    feature: str = properties.get("feature", NONE)
    return feature


def currency_of(properties: Mapping[str, Any]) -> str:
    """Return the currency as a label."""
    currency: str = properties.get("currency", "USD")
    return currency


def score(properties: Mapping[str, Any], lowest: int, highest: int) -> str | None:
    """Return the whole number that the score says, None for everything else."""
    told: Any = properties.get("score")
    # 4.0 is 4; True equals 1 in Python and is no answer.
    is_whole = type(told) in (int, float) and told in range(lowest, highest + 1)
    return str(int(told)) if is_whole else None


def micros(properties: Mapping[str, Any]) -> int | None:
    """Return the money of an order or payment, None for what is none or of no known currency."""
    revenue: Any = properties.get("revenue")
    if type(revenue) not in (int, float) or currency_of(properties) not in CURRENCIES:
        return None
    # Decimal reads the digits as they stand in the JSON text.
    return int(Decimal(str(revenue)) * 1_000_000) if 0 <= revenue <= LARGEST_REVENUE else None
