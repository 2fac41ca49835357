"""What a worker publishes of a partition, and what an exporter holds of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_

import msgspec

from streams.folding import Folding
from streams.losses import Losses
from streams.panes import Pane
from streams.partition import Partition
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
    """fold id -> event time from which the metric is counted, as in a manifest."""
    checkpoint_at: int
    """Wall clock of the last checkpoint, 0 before the first."""
    horizon_start: int | None = None
    """Watermark from which repeated message ids are noticed."""
    begun: int = 0
    """Event time of the first accepted record; 0 before there is one."""
    losses: Losses = msgspec.field(default_factory=Losses)

    @classmethod
    def of(
        cls,
        partition: Partition,
        number: int,
        *,
        end_offset: int,
        caught_up_at: int,
        published_at: int,
        checkpoint_at: int,
    ) -> "Progress":
        """How far a partition is now."""
        return cls(
            number,
            partition.offset,
            partition.watermark,
            caught_up_at,
            published_at,
            end_offset,
            partition.coverage.since,
            checkpoint_at,
            partition.judge.duplicates.horizon_start(),
            partition.coverage.begun,
            partition.losses,
        )

    @property
    def lag(self) -> int:
        """Records that are not folded yet."""
        return max(0, self.end_offset - self.offset)


@dataclass
class Published:
    """One partition as an exporter holds it."""

    progress: Progress
    units: dict[Pane, Unit] = field(default_factory=dict)

    def update(self, panes: Mapping[str, bytes], folding: Folding) -> None:
        """Take changed panes; raises ValueError, such as Damaged or UnknownVersion."""
        for key, raw in panes.items():
            unit = Unit.load(unseal(StoredUnit, raw, key), folding.aggregates)
            unit.check(folding.label_counts)
            self.units[Pane.parse(key)] = unit


def are_same(one: Sequence[object], other: Sequence[object]) -> bool:
    """Whether units, one by one, are what they were: `update` puts another object for one."""
    return len(one) == len(other) and all(map(is_, one, other))
