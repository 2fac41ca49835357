"""Which facts an event says of its person (`streams.persons`), as the catalogue has it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from streams.decoding import EARLIEST, EPOCH, MILLISECOND
from streams.panes import FUTURE_LIMIT

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Tell(NamedTuple):
    """One fact an event says; places are those among what its route reads, -1 for none."""

    fact: str
    is_lasting: bool
    """Whether it is kept by time, not by day."""
    says: str | None
    """The label, where it is a constant."""
    label: int = -1
    needs_other_than: str | None = None
    """The value of the label with which nothing is said."""
    score: int = -1
    amount: int = -1
    time: int = -1
    """Index of the time since when it holds; -1: since the event."""
    has_metric: bool = False
    """Whether a metric of that name accounts for what is no score."""

    def label_of(self, found: Sequence[Any]) -> str | None:
        """The label of the fact; None when nothing is said."""
        if self.amount >= 0 and not found[self.amount]:
            return None
        if self.score >= 0:
            score = found[self.score]
            return None if isinstance(score, str) else str(score)
        label = found[self.label] if self.says is None else self.says
        return None if label == self.needs_other_than else label

    def no_score(self, found: Sequence[Any]) -> str | None:
        """Why there is no score, where that is to be accounted for here."""
        reason = found[self.score] if self.score >= 0 and not self.has_metric else None
        return reason if isinstance(reason, str) else None

    def since(self, values: Sequence[Any], time: int) -> int | str | None:
        """Since when it holds, in milliseconds, of an event of that time.

        None where nothing is said, a text where what is said cannot be used: the reason.
        """
        return time if self.time < 0 else read_moment(values[self.time], time)


def read_moment(raw: Any, time: int) -> int | str | None:
    """The time that an event of `time` names, in milliseconds, and otherwise as `since` has it."""
    if raw is None or raw == "":
        return None
    try:
        found = (msgspec.convert(raw, Moment) - EPOCH) // MILLISECOND
    except msgspec.ValidationError:
        return "bad_time"
    if found > time + FUTURE_LIMIT:
        return "future"
    return found if found >= EARLIEST else "bad_time"
