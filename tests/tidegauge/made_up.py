"""A small ledger, and the scrape of a gauge that agrees with it."""

from __future__ import annotations

from tidegauge.scrape import Key, Scrape
from tidegauge.simulator import Ledger
from tidegauge.simulator.measure import counts, distincts

AS_OF = 1_772_366_400_000  # 2026-03-01T12:00Z
FUNNEL = ("Signed Up", "Order Completed")


def accept(ledger: Ledger, person: str, kind: str, name: str, **properties: object) -> None:
    """Let the ledger take one accepted event of the current minute."""
    moved = counts(kind, name, properties)
    ledger.record(0, "accepted", None, AS_OF, person, counts=moved, distincts=distincts(kind, name))


def ledger_of(persons: int = 10) -> Ledger:
    """A page view for each person; half sign up, every fifth orders for 2.50 EUR; all answer."""
    ledger = Ledger("UTC")
    for number in range(persons):
        person = f"person-{number}"
        accept(ledger, person, "page", "Home")
        if number % 2 == 0:
            accept(ledger, person, "track", "Signed Up")
        if number % 5 == 0:
            accept(ledger, person, "track", "Order Completed", revenue=2.5, currency="EUR")
        accept(ledger, person, "track", "CSAT Answered", score=5 - number % 5)
    return ledger


def scrape_of(ledger: Ledger, changes: dict[Key, float] | None = None) -> Scrape:
    """What an exporter would show that has read all of the ledger, but for `changes`."""
    pipeline: dict[Key, float] = {
        ("up", ()): 1.0,
        ("as_of_timestamp_seconds", ()): AS_OF / 1000,
        ("read_offset", (("partition", "0"),)): float(ledger.total()),
        ("lag_records", (("partition", "0"),)): 3.0,
        ("records_total", (("outcome", "late"), ("partition", "0"))): 2.0,
        ("records_total", (("outcome", "late"), ("partition", "1"))): 5.0,
    }
    return Scrape(ledger.windows(AS_OF) | pipeline | (changes or {}))
