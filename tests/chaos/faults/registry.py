"""The faults there are, by name. Each makes itself happen, sees that it did, and ends.

A fault returns the proof in words. Repair goes on while the next one begins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.chaos.world import World

Fault = Callable[[World], str]


class Skipped(Exception):
    """The fault cannot be made to happen here or now; the message says why."""


class Kind(NamedTuple):
    """A kind of fault, and how often it comes in a round of all of them."""

    name: str
    make: Fault
    times: int
    moves_back: bool
    """Whether `as_of` may go back: a clock is wrong, or Redis forgets when an end was reached."""


KINDS: dict[str, Kind] = {}


def fault(name: str, times: int = 1, *, moves_back: bool = False) -> Callable[[Fault], Fault]:
    """Register a kind of fault."""

    def register(make: Fault) -> Fault:
        KINDS[name] = Kind(name, make, times, moves_back)
        return make

    return register
