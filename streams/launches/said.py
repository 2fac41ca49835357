"""What was last said of each launch: its start and its end, a partition's latest `MOST_KEPT`.

Of two starts, or two ends, of one name the one that was said later holds; of two said in the same
millisecond the one that sorts last. So the order in which partitions are merged changes nothing.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec

from streams.aggregates import Aggregate, Estimate

MOST_KEPT = 100
"""Launches a partition remembers. One more, and the one of which nothing was said for longest is
forgotten."""

ByName = dict[tuple[str, ...], Any]


class Started(NamedTuple):
    """A start; times in milliseconds."""

    said: int
    """Time of the event."""
    at: int
    """When the launch began."""
    metrics: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    split: str = ""


class Ended(NamedTuple):
    """An end; times in milliseconds."""

    said: int
    at: int


class Said(NamedTuple):
    """The last start and the last end; what nobody has said is None."""

    start: Started | None = None
    end: Ended | None = None

    @property
    def last(self) -> int:
        """When something was last said."""
        return max(one.said for one in self if one is not None)


class LastSaid(Aggregate):
    """Keeps of one launch what was last said, as metrics keep theirs."""

    def initialize(self) -> Said:
        """State of nothing."""
        return Said()

    def add(self, state: Said, amount: Said) -> Said:
        """State with more said."""
        return self.merge((state, amount))

    def merge(self, states: Iterable[Said]) -> Said:
        """State of everything that was said."""
        found = list(states)
        starts = [one.start for one in found if one.start is not None]
        ends = [one.end for one in found if one.end is not None]
        return Said(max(starts, default=None), max(ends, default=None))

    def result(self, state: Said) -> Estimate:
        """Whether something was said."""
        return Estimate(int(state != Said()), 0)

    def store(self, state: Said) -> bytes:
        """A pair as MessagePack."""
        return msgspec.msgpack.encode(state)

    def load(self, stored: Any) -> Said:
        """What such bytes say; ValueError when they say nothing."""
        try:
            found = msgspec.msgpack.decode(stored, type=Said)
        except (msgspec.DecodeError, TypeError) as error:
            raise ValueError(f"nothing said of a launch: {error}") from error
        if found == Said():
            raise ValueError("a launch of which nothing was said")
        return found


LAST_SAID = LastSaid()


def hear(launches: ByName, name: str, said: Said) -> None:
    """Take what is said of a launch, and forget another one if there is no room for both."""
    labels = (name,)
    launches[labels] = LAST_SAID.add(launches.get(labels, Said()), said)
    if len(launches) > MOST_KEPT:
        del launches[min(launches, key=lambda one: (launches[one].last, one))]
