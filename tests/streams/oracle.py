"""What a log must add up to, counted slowly and by other code than the product's.

Shares nothing with `streams` but the names of outcomes, windows and label sets: JSON is read by
the standard library, times by datetime, and every number is recounted from the accepted events.
"""

import json
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.oracle import judge
from tests.oracle.events import Accepted
from tests.oracle.judge import Found
from tests.oracle.judge import Row as Record
from tests.streams.made_up import HOUR, MINUTE, Row

GOALS = {"Signed Up": "signup", "Order Completed": "order", "Subscription Started": "subscription"}
PASSIVE = {"Subscription Cancelled", "Payment Succeeded", "Brand Mentioned", "CSAT Answered"}
COUNTED = {
    "Feature Used": ("feature_uses", ("feature",)),
    "Content Shared": ("shares", ("channel",)),
    "Product Shared": ("shares", ("channel",)),
    "Brand Mentioned": ("mentions", ("channel",)),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Key = tuple[str, str | None, tuple[tuple[str, str], ...]]


def milliseconds(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)


def read(row: Record) -> Found | str:
    """The object and its time, or something for a dead letter."""
    try:
        found = json.loads((row.value or b"").decode())
    except ValueError:
        return "broken"
    if not isinstance(found, dict) or not {"type", "messageId"} <= found.keys():
        return "broken"
    time = milliseconds(found["timestamp"]) if "timestamp" in found else row.timestamp
    known = 946684800000 <= time < 4102444800000
    has_person = found.get("userId") or found.get("anonymousId")
    return Found(found, time) if known and has_person else "broken"


class Judge(judge.Judge):
    """Judges records of made-up logs."""

    def __init__(self) -> None:
        super().__init__(read)


def label(value: Any, closed: Sequence[str], default: str = "__none__") -> str:
    if value in (None, ""):
        return default
    text = "__other__" if isinstance(value, list | dict) else str(value).replace("\x00", "").strip()
    text = {"True": "true", "False": "false"}.get(text, text)
    if closed:
        return text if text in closed else "__other__"
    return text or default


def satisfaction(event: Mapping[str, Any]) -> Iterator[float]:
    """The score of an event that answers how satisfied somebody is."""
    score: Any = (event.get("properties") or {}).get("score")
    is_answer = event["type"] == "track" and event["event"] == "CSAT Answered"
    if is_answer and type(score) in (int, float) and score in range(1, 6):
        yield score


def spans(as_of: int, zone: ZoneInfo) -> dict[str, Any]:
    """Window -> whether a time lies in it."""
    today = (EPOCH + timedelta(milliseconds=as_of)).astimezone(zone).date()

    def between(size: int, count: int) -> Any:
        end = as_of // size * size + size
        return lambda time: end - count * size <= time < end

    def days(first: int, last: int) -> Any:
        dates = {today - timedelta(days=back) for back in range(first, last + 1)}
        return lambda t: (EPOCH + timedelta(milliseconds=t)).astimezone(zone).date() in dates

    return {
        "5m": between(MINUTE, 5),
        "1h": between(MINUTE, 60),
        "24h": between(HOUR, 24),
        "today": days(0, 0),
        "yesterday": days(1, 1),
        "7d": days(0, 6),
        "30d": days(0, 29),
    }


class Recount:
    """Adds up accepted events, window by window."""

    def __init__(self, closed: Mapping[str, Sequence[str]]) -> None:
        self.closed = closed
        self.values: dict[Key, float] = {}
        self.persons: dict[Key, set[str]] = {}

    def count(self, window: str | None, events: Iterable[Accepted]) -> None:
        answers = list[float]()
        for _, event in events:
            self._count(window, event)
            answers += satisfaction(event)
        for key, persons in self.persons.items():
            self.values[key] = len(persons)
        if window is not None:
            self._satisfaction(window, answers)

    def _add(self, name: str, window: str | None, **labels: str) -> None:
        self._sum(1, name, window, **labels)

    def _sum(self, amount: float, name: str, window: str | None, **labels: str) -> None:
        key = (name, window, tuple(labels.items()))
        self.values[key] = self.values.get(key, 0) + amount

    def _person(
        self, name: str, window: str | None, event: Mapping[str, Any], **labels: str
    ) -> None:
        if window is not None:
            person = str(event.get("userId") or event["anonymousId"])
            self.persons.setdefault((name, window, tuple(labels.items())), set()).add(person)

    def _count(self, window: str | None, event: Mapping[str, Any]) -> None:
        kind, name = event["type"], event.get("event", "")
        properties = event.get("properties") or {}
        if kind not in ("page", "screen", "track"):
            return
        self._add("interactions", window)
        if kind != "track" or name not in PASSIVE:
            self._person("active_users", window, event)
        if kind == "page":
            self._add("page_views", window, page=label(event.get("name"), ()))
        if kind != "track":
            return
        if name in GOALS:
            self._add("conversions", window, goal=GOALS[name])
            self._person("converting_users", window, event, goal=GOALS[name])
        if name in COUNTED:
            metric, (key,) = COUNTED[name]
            self._add(metric, window, **{key: self._label(key, properties.get(key))})
        if name == "Subscription Cancelled":
            labels = {"plan": self._label("plan", properties.get("plan"))}
            if window is None:
                labels["reason"] = self._label("reason", properties.get("reason"))
            self._add("cancellations", window, **labels)
        if name in ("Order Completed", "Payment Succeeded"):
            self._money(window, properties)

    def _label(self, name: str, value: Any) -> str:
        return label(value, self.closed[name])

    def _money(self, window: str | None, properties: Mapping[str, Any]) -> None:
        amount = properties.get("revenue")
        currency = label(properties.get("currency"), self.closed["currency"], "USD")
        good = isinstance(amount, int | float) and not isinstance(amount, bool)
        if good and amount is not None and 0 <= amount <= 1e9 and currency != "__other__":
            self._sum(round(amount * 1e6), "revenue", window, currency=currency)

    def _satisfaction(self, window: str, answers: Sequence[float]) -> None:
        self.values["csat_responses", window, ()] = len(answers)
        if len(answers) >= 10:
            content = [answer for answer in answers if answer > 3]
            self.values["csat_ratio", window, ()] = len(content) / len(answers)
            self.values["csat_average", window, ()] = statistics.fmean(answers)


def recount(
    logs: Iterable[Sequence[Row]], as_of: int, zone: str, closed: Mapping[str, Sequence[str]]
) -> dict[Key, float]:
    """Every value that is not zero, over all partitions; sums in micro-units."""
    accepted: list[Accepted] = []
    for log in logs:
        judge = Judge()
        for row in log:
            judge.outcome(row)
        accepted += judge.accepted
    found = Recount(closed)
    found.count(None, accepted)
    for window, holds in spans(as_of, ZoneInfo(zone)).items():
        found.count(window, [event for event in accepted if holds(event.time)])
    return found.values
