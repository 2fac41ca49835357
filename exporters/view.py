"""One scrape: a snapshot, and every series evaluated at its one instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.snapshot_store import Snapshot
from streams.folding import Folding
from streams.launches.launch import Launch, found, shown
from streams.reading import Reading, as_of
from streams.remembered import Remembered


@dataclass(frozen=True)
class View:
    """What is shown; `reading` is None exactly when there are problems."""

    snapshot: Snapshot
    reading: Reading | None
    launches: Sequence[Launch] = ()
    merged: Remembered | None = None
    """What the next view need not merge again."""

    @classmethod
    def of(cls, folding: Folding, snapshot: Snapshot, before: "View | None" = None) -> "View":
        """Evaluate a snapshot at the instant no partition is behind; `before` is the last view."""
        if snapshot.problems:
            return cls(snapshot, None)
        partitions, shards = list(snapshot.partitions.values()), list(snapshot.shards.values())
        instant = as_of([*partitions, *shards])
        merged = Remembered(folding, partitions, before.merged if before else None)
        reading = Reading.of(folding, partitions, instant, shards=shards, merged=merged)
        return cls(snapshot, reading, shown(found(folding, partitions), instant), merged)
