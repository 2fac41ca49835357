"""Loss that could not be helped, declared: what was lost, and which event time it may touch.

A loss is part of the state: it is written with the manifest and each unit, published, and a window
that overlaps one is not complete.
"""

from collections.abc import Iterable

import msgspec

from streams.panes import FUTURE_LIMIT, GRACE, KEPT, NO_WATERMARK, Grain, Pane

OPEN = 1 << 62
"""The end of a loss while no record after it was read."""
RECORDS, SEVERAL = "records", "several"
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
    first: int
    end: int
    """Offsets, [first, end), that are gone; equal, and where it was noticed, for what is no record.
    """
    records: int = 0
    """How many offsets are gone: of several losses fewer than lie between `first` and `end`."""
    units: int = 0
    """How many units and segments of ids."""

    def touches(self, pane: Pane, end: int) -> bool:
        """Say whether it may have taken something from a pane that ends there."""
        if "/" in self.what:
            return self.what == str(pane)
        return self.begin < end and pane.start < self.until

    def covers(self, other: "Loss") -> bool:
        """Say whether whoever knows of this one knows of the other."""
        is_kind = self.what in (other.what, SEVERAL)
        return is_kind and self.first <= other.first and other.end <= self.end


class Losses(msgspec.Struct, array_like=True):
    """Every loss of a partition that may still touch a window, and how much was lost in all."""

    known: list[Loss] = []
    records: int = 0
    """Offsets that were gone from the source before they were folded."""
    units: int = 0
    """Units and segments of ids that were gone and could not be built anew."""

    def declare_records(self, first: int, end: int, watermark: int) -> None:
        """Note that offsets are gone; what they held was not final at `watermark`."""
        self.adopt(Loss(before(watermark), OPEN, RECORDS, first, end, records=end - first))

    def declare_unit(self, begin: int, until: int, what: str, offset: int) -> None:
        """Note that a unit of state is gone; that was noticed at `offset`."""
        self.adopt(Loss(begin, until, what, offset, offset, units=1))

    def adopt(self, loss: Loss) -> None:
        """Take a loss over, and count what of it is not known yet."""
        known = loss.end - loss.first - self._unknown_offsets(loss)
        self.records += max(0, loss.records - known)
        self.units += max(0, loss.units - self._known_units(loss))
        self._add(loss)

    def believe(self, told: Iterable[Loss], watermark: int) -> list[Loss]:
        """Adopt what somebody tells of and is not known here, nor forgotten since; return it."""
        oldest = watermark - KEPT[Grain.DAY]
        adopted = []
        for loss in sorted(set(told), key=lambda loss: (loss.first, -loss.end, loss.until)):
            if loss.until > oldest and not any(held.covers(loss) for held in self.known):
                self.adopt(loss)
                adopted.append(loss)
        return adopted

    def _unknown_offsets(self, loss: Loss) -> int:
        """How many offsets of a loss lie in none that is known."""
        count, at = 0, loss.first
        for held in sorted(self.known, key=lambda held: held.first):
            count += max(0, min(held.first, loss.end) - at)
            at = max(at, held.end)
        return count + max(0, loss.end - at)

    def _known_units(self, several: Loss) -> int:
        """How many units that several losses may be about are known to be gone."""
        if several.what != SEVERAL:
            return 0
        return sum(held.units for held in self.known if several.covers(held))

    def close(self, timestamp: int) -> None:
        """End what is open with the first record after it, whose `timestamp` is Kafka's.

        What was lost had reached Kafka before, and is not further ahead than a record may be. Where
        producers set that time and one clock is late, it is the watermark that is given.
        """
        until = timestamp + FUTURE_LIMIT
        self.known = [
            msgspec.structs.replace(loss, until=max(until, loss.begin))
            if loss.until == OPEN
            else loss
            for loss in self.known
        ]

    def forget(self, watermark: int) -> None:
        """Forget what no window reaches any more."""
        oldest = watermark - KEPT[Grain.DAY]
        self.known = [loss for loss in self.known if loss.until > oldest]

    def _add(self, loss: Loss) -> None:
        self.known.append(loss)
        if len(self.known) > MOST_LOSSES:
            self.known = [_both(*self.known[:2]), *self.known[2:]]


def _both(first: Loss, second: Loss) -> Loss:
    """Two losses, told as one."""
    begin, end = min(first.first, second.first), max(first.end, second.end)
    common = max(0, min(first.end, second.end) - max(first.first, second.first))
    twice = min(common, first.records, second.records)
    return Loss(
        min(first.begin, second.begin),
        max(first.until, second.until),
        SEVERAL,
        begin,
        end,
        min(first.records + second.records - twice, end - begin),
        first.units + second.units,
    )
