"""From the rows of a changelog back to a shard, and what a checkpoint of it writes."""

from streams.checkpoint import Row, Snapshot
from streams.panes import Calendar
from streams.persons.shard import Shard
from streams.persons.snapshot import load, offset_of, rows_of
from streams.recovery import ForeignGeneration
from streams.rows import Rows

LEAST_NOTED = 250_000
"""What is told of persons between two snapshots, unless there are more persons than that."""
MOST_TOLD = 20_000
"""Messages between two snapshots."""
KEPT_SNAPSHOTS = 2


class StoredShard:
    """A shard, and the snapshots of it that are in the changelog."""

    def __init__(self, shard: Shard, rows: set[str]) -> None:
        self.shard = shard
        self._rows = rows
        """Names of all rows that are in the changelog."""
        self._told, self._noted = shard.told, shard.noted

    def snapshot(self) -> Snapshot | None:
        """Take a snapshot when enough has come since the last one; else None.

        The caller writes it or ends the process: what was taken counts as durable from here on.
        """
        shard = self.shard
        noted = shard.noted - self._noted
        if noted < max(LEAST_NOTED, shard.population.size) and (
            shard.told - self._told < MOST_TOLD
        ):
            return None
        self._told, self._noted = shard.told, shard.noted
        parts, head = rows_of(shard)
        self._rows |= {name for name, _ in (*parts, *head)}
        offsets = sorted({offset for name in self._rows if (offset := offset_of(name)) is not None})
        kept = offsets[-KEPT_SNAPSHOTS:]
        gone = sorted(name for name in self._rows if offset_of(name) not in kept)
        self._rows -= set(gone)
        tombstones: list[Row] = [(name, None) for name in gone]
        return Snapshot(shard.offset, parts, [], head, tombstones)


def recover(
    calendar: Calendar, rows: Rows, beginning: int = 0, generation: str = ""
) -> tuple[StoredShard, list[str]]:
    """The shard of a changelog, and in words what was lost.

    `beginning` is the first offset the facts topic still holds. Raises ForeignGeneration.
    """
    for found in rows.generations() - {generation}:
        raise ForeignGeneration(
            f"the stored state of persons is of generation {found}, this worker makes {generation}"
        )
    offsets = {offset for name in rows.names() if (offset := offset_of(name)) is not None}
    whole = (load(calendar, rows, offset) for offset in sorted(offsets, reverse=True))
    shard = next((shard for shard in whole if shard is not None), None)
    if shard is None:
        shard = Shard(calendar, generation, rows.lineage)
    lost = []
    if shard.offset < beginning:
        lost.append(f"offsets {shard.offset} to {beginning} of the facts")
        shard.lose(beginning)
    return StoredShard(shard, rows.names()), lost
