"""A place in a partition's log where reading can begin again, and what has to be known there."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from streams.losses import Loss


class Place(msgspec.Struct, array_like=True, frozen=True, order=True):
    """The beginning of a block of offsets. Watermarks in milliseconds of event time.

    The ids remembered at `offset` are those of the records from `horizon` on, and only of those: to
    rebuild them, read from there, beginning with `horizon_watermark`, and count nothing.
    """

    offset: int
    watermark: int
    horizon: int
    horizon_watermark: int


class Standing(NamedTuple):
    """Where a partition stands: what every unit says that it writes."""

    offset: int
    place: Place
    """The block of the offset."""
    losses: Sequence[Loss]
    """What it has declared lost."""
