"""How live traffic goes wrong, at what rates, and what must become of each record.

Every disturbed record has one certain outcome. Late is unambiguous: its time lies 26 to 40 hours
before records sent 256 records earlier, so any sensible watermark with 24 hours of grace has
passed it. Delays of up to 3 hours are never late.
"""

import math
import random
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import NamedTuple

from tidegauge.simulator.broken import fault
from tidegauge.simulator.facts import facts
from tidegauge.simulator.measure import counts, distincts
from tidegauge.simulator.record import Truth, encode
from tidegauge.simulator.traffic import Event, Traffic
from tidegauge.simulator.vocabulary import GOOGLEBOT

HOUR_MS = 3_600_000
LATE_MS = (26 * HOUR_MS, 40 * HOUR_MS)
DELAY_MS = (2_000, 3 * HOUR_MS)
FUTURE_MS = (HOUR_MS, 48 * HOUR_MS)
TOTAL_LIMIT = 0.4


@dataclass(frozen=True, slots=True)
class Disturbances:
    """Shares of all records, each 0 to 1; together at most 0.4, so that medians stay sane."""

    late: float = 0.005
    """Event time 26 to 40 hours in the past: outcome late."""
    out_of_order: float = 0.02
    """Event time 2 seconds to 3 hours in the past: accepted."""
    duplicate: float = 0.01
    """The same bytes again a few records later: outcome duplicate."""
    broken: float = 0.005
    """Unusable, see `broken`: outcome dead_letter."""
    future: float = 0.002
    """Event time 1 hour to 2 days after the record's: outcome future."""
    bot: float = 0.01
    """A crawler's user agent or `context.bot`: outcome bot."""

    def __post_init__(self) -> None:
        """Refuse shares that would make outcomes uncertain."""
        shares = astuple(self)
        if min(shares) < 0 or sum(shares) > TOTAL_LIMIT:
            raise ValueError(f"use shares >= 0 with a sum <= {TOTAL_LIMIT}, not {self}")


NONE = Disturbances(late=0, out_of_order=0, duplicate=0, broken=0, future=0, bot=0)


class Message(NamedTuple):
    """A written event with its truth; `person` decides the partition, also when broken."""

    value: bytes
    truth: Truth
    person: str


def plain(event: Event) -> Message:
    """Write an undisturbed event: accepted."""
    return Message(encode(event.payload), _accepted(event), event.person)


class Disturber:
    """Writes events, some of them wrong in one way."""

    def __init__(self, rates: Disturbances, traffic: Traffic, rng: random.Random) -> None:
        self._rates = rates
        self._traffic = traffic
        self._rng = rng

    def message(self, record_ms: int, settled_ms: Callable[[], int | None]) -> Message:
        """Return the message of a record with that timestamp.

        `settled_ms` gives a time that the watermark has surely reached, or None while there is
        none; then nothing is late.
        """
        rates, draw = self._rates, self._rng.random()
        for share, make in (
            (rates.out_of_order, self._delayed),
            (rates.bot, self._bot),
            (rates.broken, self._broken),
            (rates.future, self._future),
        ):
            if draw < share:
                return make(record_ms)
            draw -= share
        if draw < rates.late and (settled := settled_ms()) is not None:
            return self._rejected("late", settled - self._between(*LATE_MS))
        return plain(self._traffic.event(record_ms))

    def _delayed(self, record_ms: int) -> Message:
        shortest, longest = (math.log(bound) for bound in DELAY_MS)
        delay = int(math.exp(self._rng.uniform(shortest, longest)))
        return plain(self._traffic.event(record_ms - delay))

    def _future(self, record_ms: int) -> Message:
        return self._rejected("future", record_ms + self._between(*FUTURE_MS))

    def _rejected(self, outcome: str, time_ms: int) -> Message:
        event = self._traffic.event(time_ms)
        return Message(encode(event.payload), _truth(event, outcome), event.person)

    def _bot(self, record_ms: int) -> Message:
        event = self._traffic.event(record_ms)
        mark = self._rng.choice(({"bot": True}, {"userAgent": GOOGLEBOT}))
        value = encode(event.payload | {"context": event.payload["context"] | mark})
        return Message(value, _truth(event, "bot"), event.person)

    def _broken(self, record_ms: int) -> Message:
        event = self._traffic.event(record_ms)
        chosen = fault(self._rng)
        truth = _truth(event, "dead_letter", chosen.reason)
        return Message(chosen.damage(event.payload), truth, event.person)

    def _between(self, shortest: int, longest: int) -> int:
        return self._rng.randrange(shortest, longest)


def _accepted(event: Event) -> Truth:
    step = event.step
    return Truth(
        outcome="accepted",
        reason=None,
        time_ms=event.time_ms,
        person=event.person,
        counts=counts(step.kind, step.name, step.properties),
        distincts=distincts(step.kind, step.name),
        facts=facts(step.kind, step.name, step.properties, event.time_ms),
    )


def _truth(event: Event, outcome: str, reason: str | None = None) -> Truth:
    return Truth(outcome, reason, event.time_ms, event.person)
