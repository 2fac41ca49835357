"""What an accepted event says of its person that outlasts it: used, bought, answered, subscribed.

Of two facts of one name the later one holds; of two in the same millisecond the label that sorts
last as text.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tidegauge.simulator.measure import PURCHASES, currency_of, feature_of, micros, plan_of, score
from tidegauge.simulator.record import Fact, Told

USED = "used"
BOUGHT = "bought"
NPS = "nps"
CSAT = "csat"
PAYMENT = "payment"
SUBSCRIPTION = "subscription"
DECLARED = "declared"
LAUNCHED = "launched"
FACTS = (USED, BOUGHT, NPS, CSAT, PAYMENT, SUBSCRIPTION, DECLARED, LAUNCHED)
FAILED = "failed"
NO_PLAN = ""
"""The label of a subscription that was cancelled."""
EARLIEST_MS = 946_684_800_000
"""2000-01-01, before which nobody subscribed."""
AHEAD_MS = 600_000
"""How far ahead of an event the subscription may lie that it tells of."""


def facts(
    kind: str, name: str | None, properties: Mapping[str, Any], time_ms: int
) -> tuple[Fact, ...]:
    """Return what one accepted event says; the properties of an identify are its traits."""
    if kind == "identify":
        return tuple(_told_subscription(properties, time_ms))
    if kind != "track":
        return ()
    if name == "Subscribers Declared":
        since_ms = _time(properties.get("since"))
        return () if since_ms is None else (Fact(DECLARED, "", since_ms),)
    return tuple(Fact(fact, label, time_ms) for fact, label in _track(name, properties))


def last(told: Iterable[Told]) -> dict[str, str]:
    """Return the label that holds for each person."""
    return {person: label for _, label, person in sorted(told)}


def _track(name: str | None, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if name == "Feature Used":
        yield USED, feature_of(properties)
    elif name == "Subscription Started":
        yield SUBSCRIPTION, plan_of(properties)
    elif name == "Subscription Cancelled":
        yield SUBSCRIPTION, NO_PLAN
    elif name == "NPS Answered" and (answer := score(properties, 0, 10)) is not None:
        yield NPS, answer
    elif name == "CSAT Answered" and (answer := score(properties, 1, 5)) is not None:
        yield CSAT, answer
    elif name == "Launch Started" and "name" in properties:
        yield LAUNCHED, str(properties["name"])
    elif name == "Payment Failed":
        yield PAYMENT, FAILED
    elif name == "Payment Succeeded":
        yield PAYMENT, "paid"
    if name in PURCHASES and micros(properties) is not None:
        yield BOUGHT, currency_of(properties)


def _told_subscription(traits: Mapping[str, Any], time_ms: int) -> Iterator[Fact]:
    since_ms = _time(traits.get("subscribed_at"))
    if traits.get("plan") and since_ms is not None and since_ms <= time_ms + AHEAD_MS:
        yield Fact(SUBSCRIPTION, plan_of(traits), since_ms)


def _time(text: Any) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        return None
    time_ms = round((moment - datetime.fromtimestamp(0, UTC)).total_seconds() * 1000)
    return time_ms if time_ms >= EARLIEST_MS else None
