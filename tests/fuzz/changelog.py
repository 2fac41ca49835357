"""The stored state of a partition: rows are used, rebuilt, declared lost, or refused by name."""

from streams.partition import Partition
from streams.recovery import Unusable, recover
from streams.rows import LINEAGE, Rows, row_name, switch_to
from streams.unit import UnknownVersion
from tests.fuzz.stored import ChangedRows
from tests.streams.made_up import DAY, HOUR, MINUTE, Log, a_folding, moment, writes

START = moment("2026-10-24T20:00+02:00")
LOG = [
    *Log(seed=1, start=START - 30 * DAY, step=5 * HOUR).rows(20, gaps=0),
    *Log(seed=2, start=START, step=MINUTE).rows(70, gaps=0),
]
ROWS = [row._replace(offset=i) for i, row in enumerate(LOG)]
STOPS = (50, 80)
GONE = 30
"""First offset of a source that no longer holds its beginning."""


class Changelog(ChangedRows):
    """Units, segments of ids, archive, manifest and lineage."""

    name = "changelog"

    def __init__(self) -> None:
        self._folding = a_folding()
        partition, held = Partition(self._folding), dict[str, bytes]()
        for stop in STOPS:
            partition.fold(ROWS[:stop])
            for name, raw in writes(partition.snapshot()):
                held.pop(row_name(2, name), None)
                if raw is not None:
                    held[row_name(2, name)] = raw
        super().__init__(held | {LINEAGE: switch_to(2)})

    def examine(self, data: bytes) -> str:
        """Recover from the rows, with a whole source and with a part of it, and go on."""
        rows = Rows()
        try:
            for name, raw in (self.sound | self.changed(data)).items():
                rows.take(name, raw)
            found = [self._recovered(rows, beginning) for beginning in (0, GONE)]
        except UnknownVersion:
            return "refused: unknown version"
        except Unusable as error:
            return f"refused: {type(error).__name__}"
        return "declared lost" if "declared lost" in found else found[0]

    def _recovered(self, rows: Rows, beginning: int) -> str:
        found = recover(self._folding, rows, beginning)
        found.partition.fold(ROWS)
        found.partition.snapshot()
        found.partition.take_told()
        if found.lost:
            return "declared lost"
        return "rebuilt" if found.repaired else "used"
