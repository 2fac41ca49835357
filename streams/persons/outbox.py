"""What a source partition has to tell the shards: gathered while it folds, taken when it is sent.

That a person is active is told once a minute, other facts that are kept by day once in a quarter of
an hour, with which every local day begins. What was told is remembered for a quarter of an hour of
watermark or two, and as long as there is room; who is told again costs a few bytes and changes
nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from streams.folding import Group
from streams.panes import MINUTE, NO_WATERMARK
from streams.persons.facts import Facts
from streams.persons.names import ACTIVE, NOTHING

QUARTER = 15 * MINUTE
MOST_REMEMBERED = 50_000
"""In each of the two parts that are remembered."""

NOBODY: frozenset[int] = frozenset()
Name = tuple[str, str]
"""Of a fact, and its label."""
Period = tuple[Name, int]
"""Of a name, with its beginning."""


class Told(NamedTuple):
    """What a partition came to between two offsets."""

    begin: int
    end: int
    watermark: int
    facts: list[Facts]


class Outbox:
    """Of one partition; `begin` is the first offset that was not told yet."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self._waiting: dict[Name, dict[int, set[int]]] = {}
        """By minute, of whom a fact held that is kept by day."""
        self._moments: dict[Name, list[tuple[int, int]]] = {}
        """Person and time of facts that are kept by time."""
        self._told: dict[Period, set[int]] = {}
        self._told_before: dict[Period, set[int]] = {}
        """Until the watermark stood at `_turned`, or there was no more room."""
        self._turned = NO_WATERMARK
        self._newly = 0
        """Persons in `_told`, of each fact and period."""

    def gather(self, groups: Iterable[Group]) -> None:
        """Note what groups of accepted events say of persons."""
        for group in groups:
            if group.route.active and group.persons:
                self.note((ACTIVE, NOTHING), group.minute, group.minute, group.persons)
            for tell in group.route.tells:
                label = tell.label_of(group.labels)
                if label is None:
                    continue
                name = tell.fact, label
                if tell.is_lasting:
                    self._moments.setdefault(name, []).extend(group.moments.get(tell, ()))
                elif group.persons:
                    quarter = group.minute - group.minute % QUARTER
                    self.note(name, quarter, group.minute, group.persons)

    def note(self, name: Name, period: int, minute: int, persons: Iterable[int]) -> None:
        """Note of whom a fact held in a minute, unless that was told in the period it is in."""
        key = name, period
        fresh = set(persons) - self._told.get(key, NOBODY) - self._told_before.get(key, NOBODY)
        if not fresh:
            return
        self._told.setdefault(key, set()).update(fresh)
        self._waiting.setdefault(name, {}).setdefault(minute, set()).update(fresh)
        self._newly += len(fresh)
        if self._newly > MOST_REMEMBERED:
            self._turn()

    def take(self, end: int, watermark: int) -> Told:
        """Take what is waiting, which is all of the records before `end`."""
        waiting, self._waiting = self._waiting, {}
        moments, self._moments = self._moments, {}
        begin, self.begin = self.begin, max(self.begin, end)
        if watermark >= self._turned + QUARTER:
            self._turned = watermark
            self._turn()
        facts = [_of_minutes(name, minutes) for name, minutes in waiting.items()]
        facts += [_of_moments(name, found) for name, found in moments.items() if found]
        return Told(begin, self.begin, watermark, facts)

    def _turn(self) -> None:
        """Forget what was told before the last turn.

        Else a partition grows by some megabytes an hour, until there is no room.
        """
        self._told_before, self._told, self._newly = self._told, {}, 0


def _of_minutes(name: Name, minutes: dict[int, set[int]]) -> Facts:
    count = sum(map(len, minutes.values()))
    persons = np.fromiter((p for found in minutes.values() for p in found), np.int64, count)
    counts = [len(found) for found in minutes.values()]
    return Facts(*name, persons, np.repeat(np.array(list(minutes), np.int64), counts))


def _of_moments(name: Name, moments: list[tuple[int, int]]) -> Facts:
    persons, times = np.array(moments, np.int64).T
    return Facts(*name, persons, times)
