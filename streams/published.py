"""What a worker publishes of a partition, and what an exporter holds of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from streams.aggregates import Aggregate
from streams.panes import Pane
from streams.unit import StoredUnit, Unit, unseal


class Progress(msgspec.Struct, frozen=True):
    """How far a partition is; times in milliseconds, offsets are of the next record."""

    partition: int
    offset: int
    watermark: int
    caught_up_at: int
    """Wall clock of the last poll that had reached the partition's end; 0 before the first."""
    published_at: int
    """Wall clock of the worker when it published this."""
    end_offset: int
    """End of the partition when it was last seen."""
    since: dict[str, int]
    """fold id -> event time from which the metric has been counted."""
    checkpoint_at: int
    """Wall clock of the last checkpoint, 0 before the first."""
    horizon_start: int | None = None
    """Watermark from which repeated message ids are noticed."""

    @property
    def lag(self) -> int:
        """Records that are not folded yet."""
        return max(0, self.end_offset - self.offset)


@dataclass
class Published:
    """One partition as an exporter holds it."""

    progress: Progress
    units: dict[Pane, Unit] = field(default_factory=dict)

    def update(self, panes: Mapping[str, bytes], aggregates: Mapping[str, Aggregate]) -> None:
        """Take changed panes; raises Damaged or UnknownVersion."""
        for key, raw in panes.items():
            self.units[Pane.parse(key)] = Unit.load(unseal(StoredUnit, raw), aggregates)
