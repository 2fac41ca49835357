"""One scrape: a snapshot, and every series evaluated at its one instant."""

from dataclasses import dataclass

from exporters.snapshot_store import Snapshot
from streams.folding import Folding
from streams.reading import Reading, as_of


@dataclass(frozen=True)
class View:
    """What is shown; `reading` is None exactly when there are problems."""

    snapshot: Snapshot
    reading: Reading | None

    @classmethod
    def of(cls, folding: Folding, snapshot: Snapshot) -> "View":
        """Evaluate a snapshot at the instant no partition is behind."""
        if snapshot.problems:
            return cls(snapshot, None)
        partitions, shards = list(snapshot.partitions.values()), list(snapshot.shards.values())
        instant = as_of([*partitions, *shards])
        return cls(snapshot, Reading.of(folding, partitions, instant, shards=shards))
