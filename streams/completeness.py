"""Whether the partitions hold all that belongs to a stretch of time."""

from collections.abc import Sequence

from streams.folding import Folding
from streams.panes import Pane
from streams.published import Published


def are_kept(folding: Folding, partitions: Sequence[Published], panes: Sequence[Pane]) -> bool:
    """Whether no partition has dropped any of the panes yet."""
    latest = max(partition.progress.watermark for partition in partitions)
    return all(folding.calendar.is_kept(pane, latest) for pane in panes)


def counted_since(partitions: Sequence[Published], fold_id: str | None = None) -> int | None:
    """Event time since which every metric, or one, has been counted; None before the first record.

    A partition that is read from its first record lacks nothing, however new it is: a topic that
    grew reaches back as far as before.
    """
    counted = [p.progress for p in partitions if p.progress.since]
    if not counted or (fold_id and any(fold_id not in p.since for p in counted)):
        return None
    since = [p.since[fold_id] if fold_id else max(p.since.values()) for p in counted]
    return max(min(p.begun for p in counted), *since)


def reach_back(partitions: Sequence[Published], oldest: Pane) -> bool:
    """Whether every metric has been counted since the pane began."""
    since = counted_since(partitions)
    return since is not None and since <= oldest.start


def has_loss(folding: Folding, partitions: Sequence[Published], panes: Sequence[Pane]) -> bool:
    """Whether something that was declared lost may be missing in any of the panes."""
    losses = [loss for partition in partitions for loss in partition.progress.losses.known]
    ends = [(pane, folding.calendar.end(pane)) for pane in panes] if losses else []
    return any(loss.touches(pane, end) for loss in losses for pane, end in ends)
