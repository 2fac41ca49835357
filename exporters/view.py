"""One scrape: a snapshot, and every series evaluated at its one instant."""

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.snapshot_store import Snapshot
from streams.folding import Folding
from streams.launches.launch import Launch, found, shown
from streams.reading import Reading, as_of


@dataclass(frozen=True)
class View:
    """What is shown; `reading` is None exactly when there are problems."""

    snapshot: Snapshot
    reading: Reading | None
    launches: Sequence[Launch] = ()

    @classmethod
    def of(cls, folding: Folding, snapshot: Snapshot) -> "View":
        """Evaluate a snapshot at the instant no partition is behind."""
        if snapshot.problems:
            return cls(snapshot, None)
        partitions, shards = list(snapshot.partitions.values()), list(snapshot.shards.values())
        instant = as_of([*partitions, *shards])
        reading = Reading.of(folding, partitions, instant, shards=shards)
        return cls(snapshot, reading, shown(found(folding, partitions), instant))
