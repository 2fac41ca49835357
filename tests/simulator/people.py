"""A ledger that is told, event by event, what people did; windows are read on a fixed day."""

from __future__ import annotations

from datetime import datetime

from tidegauge.simulator import Ledger
from tidegauge.simulator.facts import facts
from tidegauge.simulator.measure import counts, distincts

TODAY = "2026-03-03T12:00Z"
"""L, the last day that is over, is 2 March; L-30 is 31 January, L-90 is 2 December."""
Labels = dict[str, str]


def at(text: str) -> int:
    """Milliseconds since the epoch; a date alone is its noon in UTC."""
    return int(datetime.fromisoformat(text if "T" in text else f"{text}T12:00Z").timestamp() * 1000)


class People:
    """What happened to whom, in one time zone."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.ledger = Ledger(timezone)

    def did(self, person: str, event: str, *when: str, **properties: object) -> None:
        """Accept a track event at each of the times."""
        for text in when:
            self._accept(person, "track", event, at(text), properties)

    def came(self, person: str, *when: str) -> None:
        """Accept a page view at each of the times."""
        for text in when:
            self._accept(person, "page", "Home", at(text), {})

    def is_known(self, person: str, when: str, **traits: object) -> None:
        """Accept an identify."""
        self._accept(person, "identify", None, at(when), traits)

    def told(self, name: str, as_of: str = TODAY, **labels: str) -> float | None:
        """The value of a series; None when it is absent."""
        return self.ledger.windows(at(as_of)).get((name, tuple(sorted(labels.items()))))

    def labels(self, name: str, as_of: str = TODAY) -> list[Labels]:
        """The labels of every series of that name."""
        return [dict(labels) for found, labels in self.ledger.windows(at(as_of)) if found == name]

    def _accept(
        self, person: str, kind: str, name: str | None, time_ms: int, properties: dict[str, object]
    ) -> None:
        self.ledger.record(
            0,
            "accepted",
            None,
            time_ms,
            person,
            counts=counts(kind, name, properties),
            distincts=distincts(kind, name),
            facts=facts(kind, name, properties, time_ms),
        )
