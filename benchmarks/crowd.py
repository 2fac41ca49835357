"""Persons with habits, and what partitions of the source would tell the shards of them.

A function of the seed alone. Everybody comes for the first time on some day; after that one in ten
is there on most days, the others now and then. Who is there has a session or two of some minutes;
some use a feature, buy something, answer how they like it or subscribe.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from streams.panes import MINUTE, Calendar
from streams.persons import names
from streams.persons.facts import Facts
from streams.persons.outbox import Told
from streams.persons.sections import Crossing, Teller

Numbers = npt.NDArray[np.int64]
FACTS_A_CHUNK = 20_000
"""What four partitions tell in a quarter of a second when they catch up."""
REGULARS, OFTEN, SELDOM = 0.1, 0.6, 0.1
"""Share of those who come on most days, and how likely these and the others come on a day."""
SECOND_SESSION = 0.3
MINUTES_A_SESSION = 3
USED, BOUGHT, ANSWERED, SUBSCRIBED = 0.2, 0.03, 0.02, 0.1
"""Shares of those who are there; the last one of those who are there for the first time."""
DAY_MINUTES = 1_440


@dataclass
class Crowd:
    """So many persons over so many days, the last of which begins at `last_day` (milliseconds)."""

    persons: int
    days: int
    last_day: int
    calendar: Calendar
    seed: int = 1

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._hashes = self._rng.integers(-(1 << 63), (1 << 63) - 1, self.persons, np.int64)
        self._first = self._rng.integers(0, self.days, self.persons)
        regular = self._rng.random(self.persons) < REGULARS
        self._chance = np.where(regular, OFTEN, SELDOM)
        self.facts = 0
        """How many were told so far."""

    def newcomers(self, day: int) -> int:
        """How many come for the first time on a day, counted from 0."""
        return int(np.count_nonzero(self._first == day))

    def messages(self, crossing: Crossing, now: int) -> Iterator[tuple[int, list[bytes]]]:
        """How many facts are told at once, and the message to each shard; in order of time."""
        ends = [0] * crossing.partitions
        for day in range(self.days):
            start = self.last_day - (self.days - 1 - day) * DAY_MINUTES * MINUTE
            facts = list(self._facts_of(day, start))
            chunks = -(-sum(len(one.persons) for one in facts) // FACTS_A_CHUNK)
            for number in range(chunks):
                begin, end = (
                    start + DAY_MINUTES * at // chunks * MINUTE for at in (number, number + 1)
                )
                some = [one.take((one.times >= begin) & (one.times < end)) for one in facts]
                count = sum(len(one.persons) for one in some)
                self.facts += count
                told = list(_told(some, ends, end - 1))
                teller = Teller(0, 0, now)
                found = crossing.messages([(n, one, teller) for n, one in told])
                yield count, [message.encode() for message in found]

    def _facts_of(self, day: int, start: int) -> Iterator[Facts]:
        """All facts of a day that begins at a time."""
        rng = self._rng
        chosen = (self._first == day) | (
            (self._first < day) & (rng.random(self.persons) < self._chance)
        )
        here = np.flatnonzero(chosen)
        sessions = np.concatenate((here, here[rng.random(len(here)) < SECOND_SESSION]))
        lengths = rng.geometric(1 / MINUTES_A_SESSION, len(sessions))
        begins = rng.integers(0, DAY_MINUTES - lengths)
        minutes = np.repeat(begins, lengths) + _places(lengths)
        active = np.repeat(sessions, lengths)
        yield self._facts(names.ACTIVE, "", active, start + minutes * MINUTE)
        for number, share in enumerate(np.full(10, USED / 10)):
            yield self._some(names.USED, f"feature {number}", here, share, start)
        yield self._some(names.BOUGHT, "EUR", here, BOUGHT, start)
        for score in range(11):
            yield self._some(names.NPS, str(score), here, ANSWERED / 11, start)
        new = np.flatnonzero(self._first == day)
        yield self._some(names.SUBSCRIPTION, "pro", new, SUBSCRIBED, start)

    def _some(self, name: str, label: str, persons: Numbers, share: float, start: int) -> Facts:
        those = persons[self._rng.random(len(persons)) < share]
        minutes = self._rng.integers(0, DAY_MINUTES, len(those))
        return self._facts(name, label, those, start + minutes * MINUTE)

    def _facts(self, name: str, label: str, persons: Numbers, times: Numbers) -> Facts:
        return Facts(name, label, self._hashes[persons], times)


def _places(lengths: Numbers) -> Numbers:
    """0, 1, ... for each of the lengths, one after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)


def _told(facts: list[Facts], ends: list[int], watermark: int) -> Iterator[tuple[int, Told]]:
    """What each partition tells, as if every fact had been a record; `ends` move on."""
    for number in range(len(ends)):
        some = [one.take(one.persons % len(ends) == number) for one in facts]
        begin, ends[number] = ends[number], ends[number] + sum(len(one.persons) for one in some)
        yield (
            number,
            Told(begin, ends[number], watermark, [one for one in some if len(one.persons)]),
        )
