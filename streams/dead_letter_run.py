"""How much of a partition could not be read lately; whether that is too much, others say."""

from collections.abc import Iterable

import msgspec

LEAST_RECORDS = 2_000
"""A ratio over fewer records says nothing."""


class DeadLetterRun(msgspec.Struct, array_like=True):
    """Counts over the last 2,000 to 4,000 records, whatever the batches; part of the state."""

    read: int = 0
    dead: int = 0
    in_a_row: int = 0
    """Dead letters since the last record that could be read."""
    longest: int = 0
    """The most in a row since `forget`."""

    def note(self, count: int, dead: Iterable[int]) -> None:
        """Note so many records, of which those at the places `dead`, in order, are dead letters."""
        at = 0
        for place in dead:
            self.note_good(place - at)
            self.note_read(1)
            self.dead += 1
            self.in_a_row += 1
            self.longest = max(self.longest, self.in_a_row)
            at = place + 1
        self.note_good(count - at)

    def note_good(self, count: int) -> None:
        """Note `count` records of which none is a dead letter."""
        if count:
            self.in_a_row = 0
            self.note_read(count)

    def note_read(self, count: int) -> None:
        """Count records; older ones fade by halves."""
        self.read += count
        while self.read >= 2 * LEAST_RECORDS:
            self.read -= LEAST_RECORDS
            self.dead //= 2

    def ratio(self) -> float:
        """Share of dead letters; 0 while too few records were read to tell."""
        return self.dead / self.read if self.read >= LEAST_RECORDS else 0.0

    def forget(self) -> None:
        """Start anew: what was accepted is not held against what follows."""
        self.read = self.dead = self.in_a_row = self.longest = 0
