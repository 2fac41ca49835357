"""What a scenario of the bounds holds at a moment."""

from pathlib import Path
from typing import NamedTuple

from streams.partition import Partition
from streams.published import Progress, Published
from streams.reading import Reading

MEGABYTE = 1 << 20
PAGE_BYTES = 4096


class Point(NamedTuple):
    """How far a scenario was (a share of it, or millions of persons), and what it held."""

    done: float
    memory_megabytes: float
    """Resident, of the whole process."""
    state_megabytes: float = 0
    """As it is stored."""
    series: int = 0
    """That an exporter would show of it."""
    label_sets: int = 0
    """The most of one metric in one pane."""


def resident() -> float:
    """Megabytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * PAGE_BYTES / MEGABYTE


def point_of(done: float, partition: Partition, now: int) -> Point:
    """What a partition holds; `now` is the wall clock of its worker."""
    memory, folding = resident(), partition.folding
    stored = partition.everything()
    progress = Progress.of(
        partition,
        0,
        end_offset=partition.offset,
        caught_up_at=now,
        published_at=now,
        checkpoint_at=0,
    )
    shown = Reading.of(folding, [Published(progress, partition.units.held)], now)
    sizes = (len(s) for unit in partition.units.held.values() for s in unit.state.values())
    return Point(
        done,
        round(memory, 1),
        round(sum(map(len, stored.values())) / MEGABYTE, 2),
        len(shown.series),
        max(sizes, default=0),
    )
