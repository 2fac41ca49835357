"""The truth about every acknowledged record: outcomes, counts and persons per pane, and facts.

Only accepted records move counts and say facts; a pane exists once something in it was counted.
Panes and facts are kept for ever: this is a measuring stick, not a service. Safe to read while
another thread records.
"""

import collections
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tidegauge.simulator import ledger_file, measure
from tidegauge.simulator.answers import answers
from tidegauge.simulator.calendar import GRAINS, WINDOWS, Calendar, Grain
from tidegauge.simulator.customers import customers
from tidegauge.simulator.exposition import Series, distinct, ratios, scores, totals, windowed
from tidegauge.simulator.facts import (
    BOUGHT,
    DECLARED,
    FACTS,
    LAUNCHED,
    NPS,
    SUBSCRIPTION,
    USED,
)
from tidegauge.simulator.features import features
from tidegauge.simulator.habits import habits
from tidegauge.simulator.health import health
from tidegauge.simulator.launches import starts
from tidegauge.simulator.record import Fact, Increment, Key, Labels, Told
from tidegauge.simulator.subscriptions import churn, subscriptions

ACTIVE = measure.key("active_users")
Counts = dict[Key, int]
Persons = dict[Key, set[str]]


class Ledger:
    """Counts every record once, in the panes of one time zone."""

    def __init__(self, timezone: str) -> None:
        self.outcomes: dict[int, collections.Counter[str]] = {}
        """Per partition: how many records had which outcome."""
        self.reasons: dict[int, collections.Counter[str]] = {}
        """Per partition: how many dead letters had which reason."""
        self.counts: dict[Grain, dict[int, Counts]] = {grain: {} for grain in GRAINS}
        """Per grain and pane start (ms): integer counts, money in micro-units."""
        self.people: dict[Grain, dict[int, Persons]] = {grain: {} for grain in GRAINS}
        """Per grain and pane start (ms): the persons of each distinct metric."""
        self.facts: dict[str, set[Told]] = {name: set() for name in FACTS}
        """Per name of a fact: when it was said of whom."""
        self.calendar = Calendar(timezone)
        self._lock = threading.Lock()
        # Millions of pane entries share a few hundred names.
        self._names: dict[Key, Key] = {}

    def record(
        self,
        partition: int,
        outcome: str,
        reason: str | None,
        time_ms: int,
        person: str | None,
        counts: tuple[Increment, ...] = (),
        distincts: tuple[Key, ...] = (),
        facts: tuple[Fact, ...] = (),
    ) -> None:
        """Take one acknowledged record; an accepted one moves counts and says facts."""
        if outcome != "accepted" and (counts or distincts or facts):
            raise ValueError(f"a record with outcome {outcome} must not move metrics")
        if person is None and (distincts or facts):
            raise ValueError("name the person of a record that is about a person")
        with self._lock:
            self.outcomes.setdefault(partition, collections.Counter())[outcome] += 1
            if reason is not None:
                self.reasons.setdefault(partition, collections.Counter())[reason] += 1
            for grain in GRAINS:
                start = self.calendar.pane(grain, time_ms)
                if counts:
                    self._count(self.counts[grain].setdefault(start, {}), counts)
                if distincts and person is not None:
                    self._mark(self.people[grain].setdefault(start, {}), distincts, person)
            for name, label, said_ms in facts:
                self.facts[name].add(Told(said_ms, label, person or ""))

    def total(self, outcome: str | None = None) -> int:
        """Return the number of records over all partitions, of one outcome or of all."""
        with self._lock:
            if outcome is None:
                return sum(counter.total() for counter in self.outcomes.values())
            return sum(counter[outcome] for counter in self.outcomes.values())

    def windows(self, as_of_ms: int) -> Series:
        """Return what every exported business series should say at that instant.

        Keys are (name without prefix, sorted labels with the window). Windows are whole panes,
        the last one contains `as_of_ms`; money is in currency units.
        """
        with self._lock:
            series = dict(totals(self.counts["lifetime"].get(0, {})))
            for window in WINDOWS:
                counts = self._window_counts(window, as_of_ms)
                persons = self._window_persons(window, as_of_ms)
                series.update(windowed(counts, window))
                series.update(distinct(persons, window))
                series.update(ratios(counts, persons, window))
                series.update(scores(counts, window))
            series.update(self._of_persons(as_of_ms))
            series.update(starts(self.facts[LAUNCHED]))
        return series

    def persons(self, metric: str, labels: Labels, window: str, as_of_ms: int) -> set[str]:
        """Return the persons in a window; `labels` without the window."""
        with self._lock:
            panes = self._panes_people(window, as_of_ms)
            return set().union(*(pane.get((metric, labels), ()) for pane in panes))

    def save(self, path: Path) -> None:
        """Write everything as one JSON file; gzip when the name ends in .gz."""
        with self._lock:
            people = {
                grain: [
                    (start, key, sorted(persons))
                    for start, key, persons in ledger_file.rows(self.people[grain])
                ]
                for grain in GRAINS
            }
            document = {
                "timezone": self.calendar.timezone,
                "outcomes": dict(sorted(self.outcomes.items())),
                "reasons": dict(sorted(self.reasons.items())),
                "counts": {grain: list(ledger_file.rows(self.counts[grain])) for grain in GRAINS},
                "people": people,
                "facts": {name: sorted(told) for name, told in self.facts.items()},
            }
        ledger_file.write(path, document)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        document = ledger_file.read(path)
        ledger = cls(document["timezone"])
        ledger.outcomes = _counters(document["outcomes"])
        ledger.reasons = _counters(document["reasons"])
        for grain in GRAINS:
            ledger.counts[grain] = ledger_file.panes(document["counts"][grain])
            people = ((start, key, set(found)) for start, key, found in document["people"][grain])
            ledger.people[grain] = ledger_file.panes(people)
        ledger.facts |= {
            name: {Told(*fact) for fact in told} for name, told in document["facts"].items()
        }
        return ledger

    def _count(self, pane: Counts, counts: tuple[Increment, ...]) -> None:
        for key, amount in counts:
            name = self._names.setdefault(key, key)
            pane[name] = pane.get(name, 0) + amount

    def _mark(self, pane: Persons, distincts: tuple[Key, ...], person: str) -> None:
        for key in distincts:
            pane.setdefault(self._names.setdefault(key, key), set()).add(person)

    def _window_counts(self, window: str, as_of_ms: int) -> Counts:
        grain, starts = self.calendar.window(window, as_of_ms)
        merged = dict.fromkeys(self.counts["lifetime"].get(0, {}), 0)
        for start in starts:
            for key, amount in self.counts[grain].get(start, {}).items():
                merged[key] += amount
        return merged

    def _window_persons(self, window: str, as_of_ms: int) -> Persons:
        merged: Persons = {key: set() for key in self.people["lifetime"].get(0, {})}
        for pane in self._panes_people(window, as_of_ms):
            for key, people in pane.items():
                merged[key] |= people
        return merged

    def _of_persons(self, as_of_ms: int) -> Iterator[tuple[Key, float]]:
        """Yield what is told of people over days."""
        told, calendar = self.facts, self.calendar
        days = {calendar.day(start): people for start, people in self._active("day").items()}
        yield from habits(self._active("minute"), calendar, as_of_ms)
        yield from answers(told[NPS], calendar, as_of_ms)
        yield from subscriptions(told[SUBSCRIPTION])
        yield from churn(told[SUBSCRIPTION], told[DECLARED], calendar, as_of_ms)
        yield from customers(told[BOUGHT], self.counts["day"], calendar, as_of_ms)
        yield from features(told[USED], days, calendar, as_of_ms)
        yield from health(told, days, calendar, as_of_ms)

    def _active(self, grain: Grain) -> dict[int, set[str]]:
        return {
            pane: found[ACTIVE] for pane, found in self.people[grain].items() if ACTIVE in found
        }

    def _panes_people(self, window: str, as_of_ms: int) -> list[Persons]:
        grain, starts = self.calendar.window(window, as_of_ms)
        return [self.people[grain].get(start, {}) for start in starts]


def _counters(document: dict[str, dict[str, int]]) -> dict[int, collections.Counter[str]]:
    return {int(partition): collections.Counter(found) for partition, found in document.items()}
