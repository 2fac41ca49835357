"""Windows: which panes a person's question covers at an instant.

A window is a whole number of panes and ends with the one that holds the instant: `5m` is the
current minute and the four before it, `today` the current local day, `7d` that and the six
before.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from streams.panes import HOUR, MINUTE, Calendar, Grain, Pane


@dataclass(frozen=True)
class Window:
    """So many panes of a grain, the last one `skip` panes before the current one."""

    name: str
    grain: Grain
    count: int
    skip: int = 0

    def panes(self, instant: int, calendar: Calendar) -> Iterator[Pane]:
        """The panes the window covers at that instant, the latest first."""
        if self.grain is Grain.DAY:
            days = list(calendar.days_back(instant, self.count + self.skip))
            yield from days[self.skip :]
            return
        size = MINUTE if self.grain is Grain.MINUTE else HOUR
        newest = instant - instant % size
        for back in range(self.skip, self.skip + self.count):
            yield Pane(self.grain, newest - back * size)


WINDOWS = {
    window.name: window
    for window in (
        Window("5m", Grain.MINUTE, 5),
        Window("1h", Grain.MINUTE, 60),
        Window("24h", Grain.HOUR, 24),
        Window("today", Grain.DAY, 1),
        Window("yesterday", Grain.DAY, 1, skip=1),
        Window("7d", Grain.DAY, 7),
        Window("30d", Grain.DAY, 30),
    )
}

AT_THE_HOUR = WINDOWS | {"1h": Window("1h", Grain.HOUR, 1)}
"""The same windows at the last instant of an hour, when its 60 minutes are one pane: kept longer.
"""
