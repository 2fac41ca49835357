"""Loss that could not be helped, declared: what was lost, and which event time it may touch.

A loss is part of the state: it is written with the manifest, published, and a window that overlaps
one is not complete.
"""

import msgspec

from streams.outcomes import FUTURE_LIMIT
from streams.panes import GRACE, KEPT, NO_WATERMARK, Grain, Pane

OPEN = 1 << 62
"""The end of a loss while no record after it was read."""
MOST_LOSSES = 100
"""More of them are told as one, from the first to the last of the oldest."""


def before(watermark: int) -> int:
    """The oldest event time that was still taken at a watermark."""
    return watermark if watermark == NO_WATERMARK else watermark - GRACE


class Loss(msgspec.Struct, array_like=True, frozen=True):
    """Event time, [begin, until) in milliseconds, in which something may be missing."""

    begin: int
    until: int
    what: str
    """`records`, `ids`, `archive`, `several`, or the name of the pane whose unit is gone."""

    def touches(self, pane: Pane, end: int) -> bool:
        """Say whether it may have taken something from a pane that ends there."""
        if "/" in self.what and self.what != str(pane):
            return False
        return self.begin < end and pane.start < self.until


class Losses(msgspec.Struct, array_like=True):
    """Every loss of a partition that may still touch a window, and how much was lost in all."""

    known: list[Loss] = []
    records: int = 0
    """Offsets that were gone from the source before they were folded."""
    units: int = 0
    """Units and segments of ids that were gone and could not be built anew."""

    @property
    def total(self) -> int:
        """How much was declared lost; it never falls."""
        return self.records + self.units

    def declare_records(self, count: int, watermark: int) -> None:
        """Note that `count` offsets are gone; what they held was not final at `watermark`."""
        self.records += count
        self._add(Loss(before(watermark), OPEN, "records"))

    def declare_unit(self, begin: int, until: int, what: str) -> None:
        """Note that a unit of state is gone."""
        self.units += 1
        self._add(Loss(begin, until, what))

    def close(self, timestamp: int) -> None:
        """End what is open with the first record after it.

        What was lost had reached Kafka before that record, whose `timestamp` is Kafka's, and is not
        further ahead of it than a record may be.
        """
        until = timestamp + FUTURE_LIMIT
        self.known = [
            Loss(loss.begin, max(until, loss.begin), loss.what) if loss.until == OPEN else loss
            for loss in self.known
        ]

    def forget(self, watermark: int) -> None:
        """Forget what no window reaches any more."""
        oldest = watermark - KEPT[Grain.DAY]
        self.known = [loss for loss in self.known if loss.until > oldest]

    def _add(self, loss: Loss) -> None:
        self.known.append(loss)
        if len(self.known) > MOST_LOSSES:
            first, second, *rest = self.known
            both = Loss(min(first.begin, second.begin), max(first.until, second.until), "several")
            self.known = [both, *rest]
