"""Visits of the population, as events in Segment's JSON, 200 to 400 bytes for most.

A number of visits is open at once; each event belongs to one of them, and one event in seven
ends its visit. The same seed and times give the same events.
"""

import random
from typing import Any, NamedTuple

from tidegauge.simulator.behaviour import Step, next_step
from tidegauge.simulator.people import Person, Population
from tidegauge.simulator.record import time_text

VISIT_END_SHARE = 0.15
SKEWED_SHARE = 0.25
# These come from a server, which knows the user but not the browser.
SERVER_SIDE = frozenset(
    {"Payment Succeeded", "Payment Failed", "Subscription Started", "Subscription Cancelled"}
)
LISTENER = "brand-listener"
SERVER = {"library": {"name": "analytics-python", "version": "2.3.4"}, "channel": "server"}


class Event(NamedTuple):
    """A payload not yet written, with what the ledger needs to know of it."""

    payload: dict[str, Any]
    step: Step
    person: str
    time_ms: int


class Traffic:
    """An endless source of events; the caller says when each one happens."""

    def __init__(self, population: Population, open_visits: int, rng: random.Random) -> None:
        self._population = population
        self._rng = rng
        self._visits: list[Person | None] = [None] * open_visits

    def open(self, visits: int) -> None:
        """Change how many visits are open at once; those open go on as far as there is room."""
        self._visits = (self._visits + [None] * visits)[:visits]

    def event(self, time_ms: int) -> Event:
        """Return what happens at that time."""
        person = self._visitor()
        step = next_step(person, self._population, self._rng)
        _note_subscription(person, step, time_ms)
        identity = self._identity(person, step)
        return Event(
            payload=self._payload(identity, person, step, time_ms),
            step=step,
            person=identity.get("userId") or identity["anonymousId"],
            time_ms=time_ms,
        )

    def server_event(self, person: str, step: Step, time_ms: int) -> Event:
        """Return what a server says of a person who does nothing at that time."""
        payload = _named(step, message_id(self._rng), {"userId": person})
        payload |= {"timestamp": time_text(time_ms), "context": SERVER} | _body(step)
        return Event(payload, step, person, time_ms)

    def _visitor(self) -> Person:
        rng, visits = self._rng, self._visits
        slot = int(rng.random() * len(visits))
        person = visits[slot]
        if person is None or rng.random() < VISIT_END_SHARE:
            person = visits[slot] = self._population.arrive()
        return person

    def _identity(self, person: Person, step: Step) -> dict[str, Any]:
        if step.name == "Brand Mentioned":
            return {"userId": LISTENER}
        if person.user_id is None:
            # Browsers leave the user id out, mobile libraries write null.
            unknown = {"userId": None} if person.mobile else {}
            return unknown | {"anonymousId": person.anonymous_id}
        if step.name in SERVER_SIDE:
            return {"userId": person.user_id}
        return {"userId": person.user_id, "anonymousId": person.anonymous_id}

    def _payload(
        self, identity: dict[str, Any], person: Person, step: Step, time_ms: int
    ) -> dict[str, Any]:
        payload = _named(step, message_id(self._rng), identity)
        payload |= self._times(person, time_ms)
        payload["context"] = _context(person, step)
        return payload | _body(step)

    def _times(self, person: Person, time_ms: int) -> dict[str, str]:
        if not person.mobile or self._rng.random() > SKEWED_SHARE:
            return {"timestamp": time_text(time_ms)}
        # A phone whose clock is wrong, and its corrected time:
        # timestamp = receivedAt - (sentAt - originalTimestamp), to the millisecond.
        original = time_ms + self._rng.randrange(-600_000, 600_000)
        queued = self._rng.randrange(20, 2_000)
        return {
            "timestamp": time_text(time_ms),
            "originalTimestamp": time_text(original),
            "sentAt": time_text(original + queued),
            "receivedAt": time_text(time_ms + queued),
        }


def message_id(rng: random.Random) -> str:
    """Return a text in the form of a UUID; 128 random bits."""
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _note_subscription(person: Person, step: Step, time_ms: int) -> None:
    if step.name == "Subscription Cancelled":
        person.subscribed_ms = None
    elif step.name == "Subscription Started" and person.subscribed_ms is None:
        person.subscribed_ms = time_ms


def _named(step: Step, message: str, identity: dict[str, Any]) -> dict[str, Any]:
    payload: dict[str, Any] = {"type": step.kind, "messageId": message, **identity}
    if step.kind == "track":
        payload["event"] = step.name
    elif step.name is not None:
        payload["name"] = step.name
    return payload


def _context(person: Person, step: Step) -> dict[str, Any]:
    if step.name in SERVER_SIDE or step.name == "Brand Mentioned":
        return SERVER
    if person.mobile:
        return {"library": {"name": "analytics-ios", "version": "4.1.8"}, "locale": "en-GB"}
    return {"userAgent": person.browser, "locale": "en-US"}


def _body(step: Step) -> dict[str, Any]:
    if step.kind == "identify":
        return {"traits": step.properties}
    if step.kind == "group":
        return {"groupId": step.properties["group"], "traits": {"industry": "retail"}}
    return {"properties": step.properties}
