"""What is kept of a metric in a pane: `initialize, add, merge, result`.

Merging two states equals adding everything to one, in any order. Counts, sums and the counts of
each score are integers and exact. Distinct persons are a theta sketch of 4,096 hashes (Apache
DataSketches): exact below that, 1.6 % standard error above, at most 32 KB; its canonical form is
the ordered result of a theta union.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import datasketches
import msgspec

LOG2_SKETCH_SIZE = 12
MICRO = 1_000_000
LARGEST_STORED = 1 << 63


class Estimate(NamedTuple):
    """A value, and its standard error (0 where it is exact)."""

    value: float
    error: float


class Aggregate(Protocol):
    """How one kind of metric keeps its state; stored, equal contents are equal."""

    def initialize(self) -> Any:
        """State of nothing."""

    def add(self, state: Any, amount: Any) -> Any:
        """State with more in it; may be the same object."""

    def merge(self, states: Iterable[Any]) -> Any:
        """State of everything in several; leaves them as they are."""

    def result(self, state: Any) -> Estimate:
        """What a state says."""

    def store(self, state: Any) -> int | bytes:
        """Canonical form of a state."""

    def share(self, state: Any) -> int | bytes:
        """What `load` reads too, in any order: for who merges it, where no bytes are compared."""
        return self.store(state)

    def load(self, stored: Any) -> Any:
        """State of what was stored or shared; ValueError when it is neither."""

    def pack(self, state: Any) -> Any:
        """The same in less memory, for when little more is to come; may be the same object."""
        return state


class Count(Aggregate):
    """Counts events."""

    unit = 1

    def initialize(self) -> int:
        """State of nothing."""
        return 0

    def add(self, state: int, amount: int) -> int:
        """Count `amount` more."""
        return state + amount

    def merge(self, states: Iterable[int]) -> int:
        """Add up."""
        return sum(states)

    def result(self, state: int) -> Estimate:
        """The count itself."""
        return Estimate(state / self.unit if self.unit > 1 else state, 0)

    def store(self, state: int) -> int | bytes:
        """The integer."""
        return state

    def load(self, stored: Any) -> int:
        """The integer."""
        if not isinstance(stored, int):
            raise ValueError(f"a count is an integer, not {type(stored).__name__}")  # noqa: TRY004
        return stored


class Sum(Count):
    """Adds integer micro-units; floats are never added. Stored as bytes beyond 63 bits."""

    unit = MICRO

    def store(self, state: int) -> int | bytes:
        """The integer, or where MessagePack has none that large its bytes."""
        return state if state < LARGEST_STORED else state.to_bytes(32, "big")

    def load(self, stored: Any) -> int:
        """The integer of either."""
        return int.from_bytes(stored, "big") if isinstance(stored, bytes) else super().load(stored)


class Scores(Aggregate):
    """Counts the answers that gave each score: no answer is kept, and none is rounded."""

    def initialize(self) -> dict[int, int]:
        """State of nothing."""
        return {}

    def add(self, state: dict[int, int], amount: Mapping[int, int]) -> dict[int, int]:
        """Count more answers, given as score -> how many."""
        for score, count in amount.items():
            state[score] = state.get(score, 0) + count
        return state

    def merge(self, states: Iterable[Mapping[int, int]]) -> dict[int, int]:
        """Add up score by score."""
        merged: dict[int, int] = {}
        for state in states:
            self.add(merged, state)
        return merged

    def result(self, state: Mapping[int, int]) -> Estimate:
        """How many answers there are; `streams.scores` tells what they come to."""
        return Estimate(sum(state.values()), 0)

    def store(self, state: Mapping[int, int]) -> bytes:
        """Pairs of score and count, scores rising, as MessagePack."""
        return msgspec.msgpack.encode(sorted(state.items()))

    def load(self, stored: Any) -> dict[int, int]:
        """The counts of such pairs; ValueError when they are in no canonical form."""
        try:
            pairs = msgspec.msgpack.decode(stored, type=list[tuple[int, int]])
        except (msgspec.DecodeError, TypeError) as error:
            raise ValueError(f"no counts of scores: {error}") from error
        is_rising = all(one < other for (one, _), (other, _) in pairwise(pairs))
        if not is_rising or any(count < 1 for _, count in pairs):
            raise ValueError(f"counts of scores that are out of order or nothing: {pairs}")
        return dict(pairs)


class Persons:
    """Distinct persons: hashes seen since loading, and the sketch that was loaded.

    What is loaded takes 8 bytes a hash; a table of what is seen takes 1 KB for one hash, 8 KB for
    65 and 64 KB for 513 and more.
    """

    __slots__ = ("base", "fresh")

    def __init__(self, base: Any = None) -> None:
        self.base = base
        self.fresh: Any = None

    def note(self, persons: Iterable[int]) -> None:
        """Note hashes."""
        if self.fresh is None:
            self.fresh = datasketches.update_theta_sketch(LOG2_SKETCH_SIZE)
        update = self.fresh.update
        for person in persons:
            update(person)

    def sketches(self) -> Iterator[Any]:
        """The parts that there are."""
        return (sketch for sketch in (self.base, self.fresh) if sketch is not None)


class Distinct(Aggregate):
    """Counts different persons, given as signed 64-bit hashes."""

    def initialize(self) -> Persons:
        """State of nothing."""
        return Persons()

    def add(self, state: Persons, amount: Iterable[int]) -> Persons:
        """Note persons."""
        state.note(amount)
        return state

    def merge(self, states: Iterable[Persons]) -> Persons:
        """Unite; the result holds one ordered sketch."""
        return Persons(_union(states, ordered=True))

    def result(self, state: Persons) -> Estimate:
        """The estimate, exact while the sketch is not full."""
        sketch = self._one_sketch(state, ordered=False)
        half = (sketch.get_upper_bound(1) - sketch.get_lower_bound(1)) / 2
        return Estimate(round(sketch.get_estimate()), half if sketch.is_estimation_mode() else 0)

    def sample(self, part: Persons, whole: Persons) -> tuple[int, int]:
        """How many of a sample of the persons of `whole` are in `part` too, and how many it holds.

        It is drawn by their hashes, and holds all of them where nothing is estimated.
        """
        part_sketch, whole_sketch = self._canonical(part), self._canonical(whole)
        both = datasketches.theta_intersection()
        both.update(whole_sketch)
        both.update(part_sketch)
        rest = datasketches.theta_a_not_b().compute(whole_sketch, part_sketch)
        inside = both.get_result().num_retained
        return inside, inside + rest.num_retained

    def store(self, state: Persons) -> bytes:
        """Bytes of the ordered union result."""
        return bytes(self._canonical(state).serialize())

    def share(self, state: Persons) -> bytes:
        """Bytes of a sketch that need not be ordered: to sort one that is full takes 0.13 ms.

        A worker shares four times as often as it stores; it was a thirtieth of the fold.
        """
        return bytes(self._one_sketch(state, ordered=False).serialize())

    def load(self, stored: Any) -> Persons:
        """Read such bytes."""
        try:
            return Persons(datasketches.compact_theta_sketch.deserialize(stored))
        except (IndexError, RuntimeError, TypeError) as error:
            raise ValueError(f"not a theta sketch: {error}") from error

    def pack(self, state: Persons) -> Persons:
        """One ordered sketch, as what is loaded."""
        return state if state.fresh is None else Persons(self._canonical(state))

    def _canonical(self, state: Persons) -> Any:
        """The one ordered sketch that a union gives."""
        return self._one_sketch(state, ordered=True)

    def _one_sketch(self, state: Persons, *, ordered: bool) -> Any:
        """The sketch that a union gives.

        Where nothing was loaded it is had without one, in a third of the time while everybody is
        held. `fresh` then keeps no more than a union would; more can be added to it.
        """
        base, fresh = state.base, state.fresh
        if base is not None and fresh is None and (base.is_ordered() or not ordered):
            return base
        if base is None and fresh is not None:
            fresh.trim()
            return fresh.compact(ordered)
        return _union([state], ordered=ordered)


def _union(states: Iterable[Persons], *, ordered: bool) -> Any:
    union = datasketches.theta_union(LOG2_SKETCH_SIZE)
    for state in states:
        for sketch in state.sketches():
            union.update(sketch)
    return union.get_result(ordered)


AGGREGATES: dict[str, Aggregate] = {
    "count": Count(),
    "sum": Sum(),
    "distinct": Distinct(),
    "score": Scores(),
}
