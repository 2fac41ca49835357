"""What a shard counts, by pane: integers that rise and fall as what is known of persons changes.

A sheet of a local day says what holds for windows that end with that day as well as what happened
in it. What falls to nothing is not there: equal counts, equal sheets.
"""

from collections.abc import Mapping
from typing import Any

from streams.checkpoint import BEGINNING, Changes
from streams.panes import NO_WATERMARK, Calendar, Pane
from streams.routing import Labels
from streams.unit import StoredUnit, seal

Counts = dict[str, dict[Labels, int]]
Stored = list[tuple[str, list[tuple[Labels, int]]]]


class Sheets:
    """Counts by pane, name and labels."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.held: dict[Pane, Counts] = {}
        self._changed: set[Pane] = set()
        self._watermark = NO_WATERMARK

    def add(self, pane: Pane, name: str, labels: Labels, amount: int) -> None:
        """Count an amount, which may be negative, unless the pane is kept no longer."""
        sheet = self.held.get(pane)
        if sheet is None:
            if not self._calendar.is_kept(pane, self._watermark):
                return
            sheet = self.held[pane] = {}
        series = sheet.setdefault(name, {})
        count = series[labels] = series.get(labels, 0) + amount
        if not count:
            del series[labels]
            if not series:
                del sheet[name]
            if not sheet:
                del self.held[pane]
        self._changed.add(pane)

    def keeps_day(self, number: int) -> bool:
        """Whether the sheet of a day is kept, by the day's number."""
        return self._calendar.is_kept(self._calendar.day_of_number(number), self._watermark)

    def drop(self, watermark: int) -> None:
        """Let go of what is kept no longer."""
        self._watermark = max(self._watermark, watermark)
        for pane in [p for p in self.held if not self._calendar.is_kept(p, watermark)]:
            del self.held[pane]
            self._changed.add(pane)

    def take_changes(self, offset: int) -> Changes:
        """What changed since the last call, for whoever publishes the shard."""
        panes, self._changed = sorted(self._changed), set()
        changed = {str(pane): self.encode(pane, offset) for pane in panes if pane in self.held}
        return Changes(changed, [str(pane) for pane in panes if pane not in self.held])

    def everything(self, offset: int) -> dict[str, bytes]:
        """Every sheet, as of now."""
        return {str(pane): self.encode(pane, offset) for pane in sorted(self.held)}

    def encode(self, pane: Pane, offset: int) -> bytes:
        """A sheet in the form in which units are published."""
        state: Any = store(self.held[pane])  # a unit's are integers too, or bytes
        return seal(StoredUnit("", offset, b"", BEGINNING, BEGINNING, [], state), str(pane))


def store(
    counts: Mapping[str, Mapping[Labels, int]],
) -> Stored:
    """Canonical form: names and labels in order."""
    return [
        (name, [(labels, series[labels]) for labels in sorted(series)])
        for name, series in sorted(counts.items())
    ]
