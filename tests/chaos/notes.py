"""What the dead-letter limit must have noted wherever a manifest may stand, counted once more."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

LONGEST = 4_000
"""Once so many records are noted, the older half of them is forgotten."""


class Note(NamedTuple):
    """What is held against a partition."""

    read: int = 0
    dead: int = 0
    in_a_row: int = 0


class Notes:
    """By partition and offset; `take` every record in the order of the log."""

    def __init__(self) -> None:
        self._at: dict[int, list[Note]] = defaultdict(lambda: [Note()])

    def take(self, partition: int, *, is_dead: bool) -> None:
        """Note the next record of a partition."""
        held = self._at[partition]
        read, dead, in_a_row = held[-1]
        read += 1
        if read == LONGEST:
            read, dead = LONGEST // 2, dead // 2
        held.append(Note(read, dead + 1, in_a_row + 1) if is_dead else Note(read, dead))

    def at(self, partition: int, offset: int) -> Note:
        """What must be noted when `offset` is the next record."""
        return self._at[partition][offset]
