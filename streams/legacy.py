"""What a recovery hands over to a partition."""

from dataclasses import dataclass, field

from streams.checkpoint import NO_ARCHIVE, Entry, Manifest, Row
from streams.duplicates import Segment
from streams.panes import Pane
from streams.unit import Unit
from streams.watermark import Watermark


@dataclass
class Legacy:
    """What a partition goes on with; the defaults are those of one that is begun."""

    manifest: Manifest = field(default_factory=Manifest)
    watermark: Watermark = field(default_factory=Watermark)
    count_from: int = 0
    """Records before it are only read for their ids and times, to know the watermark there."""
    units: dict[Pane, Unit] = field(default_factory=dict)
    durable: dict[Pane, int] = field(default_factory=dict)
    """Offsets at which the units are stored."""
    archive: dict[Pane, Entry] = field(default_factory=dict)
    archive_before: int = NO_ARCHIVE
    """Offset of the archive before the manifest's."""
    segments: list[Segment] = field(default_factory=list)
    durable_ids: dict[int, int] = field(default_factory=dict)
    """First offset -> number of ids of the segments that are stored."""
    known: frozenset[Pane] = frozenset()
    """Every pane that the manifest or its archive lists."""
    orphans: list[str] = field(default_factory=list)
    """Names of rows that belong to nothing."""
    ruins: list[Row] = field(default_factory=list)
    """Written before anything new: what tells a loss, and buries a state without a manifest."""
    stale: frozenset[Pane] = frozenset()
    """Panes of which compaction would leave an older row than the one that counts."""
