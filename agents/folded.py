"""What can be owned: the state folded from one partition of a topic, and what it tells others."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from streams.checkpoint import Changes, Snapshot
from streams.dead_letter_run import DeadLetterRun
from streams.folding import DeadLetter
from streams.losses import Losses
from streams.outcomes import Record


class Folded(Protocol):
    """A partition of the source, or a shard of persons."""

    losses: Losses
    dead_letters: DeadLetterRun
    offset: int
    """The next record to fold."""
    manifest_offset: int
    """Up to here the state came from the changelog."""

    @property
    def is_whole(self) -> bool:
        """Whether all of it stands at `offset`."""

    @property
    def reach(self) -> int:
        """Offset up to which the state reaches, in memory or in the changelog."""

    def fold(self, records: Sequence[Record], end: int | None = None) -> list[DeadLetter]:
        """Fold records in offset order; return those that could not be read."""

    def lose(self, until: int) -> None:
        """Go on at an offset before which the log holds nothing any more."""

    def snapshot(self) -> Snapshot | None:
        """What a checkpoint has to write; None when nothing."""

    def take_changes(self) -> Changes:
        """What changed since the last call, for whoever publishes it."""

    def everything(self) -> Mapping[str, bytes]:
        """All that is published of it."""


class Outgoing(Protocol):
    """What leaves for others before a checkpoint passes it."""

    def gather(self) -> None:
        """Take what is to be told now; synchronous, so that it belongs to the snapshots taken."""

    async def acknowledged(self) -> None:
        """Wait until all that was gathered is stored; raises the producer's error."""
