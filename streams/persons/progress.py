"""How far a shard is, in the form in which partitions say it too."""

from streams.losses import OPEN
from streams.panes import NO_WATERMARK
from streams.persons.shard import Shard
from streams.published import Progress


def progress_of(
    shard: Shard, number: int, *, end_offset: int, published_at: int, checkpoint_at: int
) -> Progress | None:
    """How far a shard is now; None before it has heard of every partition of the source.

    `caught_up_at` is the time up to which all of them are told.
    """
    if shard.instant == NO_WATERMARK:
        return None
    return Progress(
        number,
        shard.offset,
        shard.watermark,
        shard.instant,
        published_at,
        end_offset,
        {"persons": shard.since},
        checkpoint_at,
        begun=OPEN,
        losses=shard.losses,
    )
