"""What a source partition has to tell the shards: gathered while it folds, taken when it is sent.

A person is told once a minute. What was told is remembered as long as there is room; who is told
again costs a few bytes and changes nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from streams.folding import Group
from streams.panes import MINUTE
from streams.persons.population import Hashes
from streams.persons.sessions import Minutes

MOST_REMEMBERED = 100_000


class Told(NamedTuple):
    """What a partition came to between two offsets."""

    begin: int
    end: int
    watermark: int
    persons: Hashes
    minutes: Minutes


class Outbox:
    """Of one partition; `begin` is the first offset that was not told yet."""

    def __init__(self, begin: int) -> None:
        self.begin = begin
        self._waiting: dict[int, set[int]] = {}
        self._told: dict[int, set[int]] = {}
        self._remembered = 0

    def gather(self, groups: Iterable[Group]) -> None:
        """Note who was active in groups of accepted events."""
        for group in groups:
            if group.route.active and group.persons:
                self.note(group.minute, group.persons)

    def note(self, minute: int, persons: Iterable[int]) -> None:
        """Note who was active in the minute that begins at a time in milliseconds."""
        told = self._told.get(minute)
        if told is None:
            told = self._told[minute] = set()
        fresh = set(persons) - told
        if not fresh:
            return
        told |= fresh
        self._waiting.setdefault(minute, set()).update(fresh)
        self._remembered += len(fresh)
        if self._remembered > MOST_REMEMBERED:
            self._told, self._remembered = {}, 0

    def take(self, end: int, watermark: int) -> Told:
        """Take what is waiting, which is all of the records before `end`."""
        waiting, self._waiting = self._waiting, {}
        begin, self.begin = self.begin, max(self.begin, end)
        count = sum(map(len, waiting.values()))
        persons = np.fromiter((p for found in waiting.values() for p in found), np.int64, count)
        minutes = np.repeat(
            np.array([minute // MINUTE for minute in waiting], np.int64),
            [len(found) for found in waiting.values()],
        )
        return Told(begin, self.begin, watermark, persons, minutes)
