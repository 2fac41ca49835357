"""The time up to which a partition is told, by who has read it."""

from streams.panes import NO_WATERMARK

FRESH_WITHIN = 5_000
"""A partition counts as caught up if its end was reached so shortly before it was told."""


def instant(caught_up_at: int, told_at: int, watermark: int) -> int:
    """The time, in milliseconds, that the partition is not behind; 0 is never caught up."""
    if told_at - caught_up_at <= FRESH_WITHIN:
        return caught_up_at
    # Having been caught up at an instant stays true: falling back behind it would gain nothing.
    return max(caught_up_at or NO_WATERMARK, watermark)
