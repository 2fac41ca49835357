"""Local days and the windows made of panes, by own arithmetic on the time zone database.

A local day has 23, 24 or 25 hours and begins at its first instant. All panes are named by their
start in milliseconds since the epoch.
"""

import functools
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Grain = Literal["minute", "hour", "day", "lifetime"]
GRAINS: tuple[Grain, ...] = ("minute", "hour", "day", "lifetime")
DAY_WINDOWS = ("today", "yesterday", "7d", "30d")
WINDOWS = ("5m", "1h", "24h", *DAY_WINDOWS)
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
# Zones differ from UTC by multiples of a quarter of an hour, so a day never begins inside one.
QUARTER_MS = 900_000


class Calendar:
    """Panes and windows in one time zone."""

    def __init__(self, timezone: str) -> None:
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)
        self._day_of_quarter: Callable[[int], int] = functools.lru_cache(65_536)(self._find_day)
        self._number_of_quarter: Callable[[int], int] = functools.lru_cache(65_536)(self._number)

    def pane(self, grain: Grain, time_ms: int) -> int:
        """Return the start of the pane that contains the time; a lifetime starts at 0."""
        if grain == "minute":
            return time_ms - time_ms % MINUTE_MS
        if grain == "hour":
            return time_ms - time_ms % HOUR_MS
        return self._day_of_quarter(time_ms // QUARTER_MS) if grain == "day" else 0

    def window(self, window: str, as_of_ms: int) -> tuple[Grain, list[int]]:
        """Return the grain and the pane starts of a window, oldest first."""
        if window in _SHORT:
            grain, size_ms, panes = _SHORT[window]
            last = self.pane(grain, as_of_ms)
            return grain, [last - back * size_ms for back in reversed(range(panes))]
        newest, days = _DAYS[window]
        today = self._date(as_of_ms)
        return "day", [
            self._start(today - timedelta(back)) for back in reversed(range(newest, newest + days))
        ]

    def day(self, time_ms: int) -> int:
        """Return the number of the local day; days that follow each other differ by one."""
        return self._number_of_quarter(time_ms // QUARTER_MS)

    def days(self, window: str, as_of_ms: int) -> range:
        """Return the numbers of the local days of a window of days, oldest first."""
        newest, days = _DAYS[window]
        end = self.day(as_of_ms) - newest + 1
        return range(end - days, end)

    def _number(self, quarter: int) -> int:
        return self._date(quarter * QUARTER_MS).toordinal()

    def _find_day(self, quarter: int) -> int:
        return self._start(self._date(quarter * QUARTER_MS))

    def _date(self, time_ms: int) -> date:
        return datetime.fromtimestamp(time_ms / 1000, self._zone).date()

    def _start(self, day: date) -> int:
        # fold=0: of two midnights the first. A midnight that the clocks skip is read with the
        # offset before the change, which is the instant of the change: the day's first one.
        return round(datetime.combine(day, time(), self._zone).timestamp()) * 1000


_SHORT: dict[str, tuple[Grain, int, int]] = {
    "5m": ("minute", MINUTE_MS, 5),
    "1h": ("minute", MINUTE_MS, 60),
    "24h": ("hour", HOUR_MS, 24),
}
# Days back to the newest day, number of days.
_DAYS = {"today": (0, 1), "yesterday": (1, 1), "7d": (0, 7), "30d": (0, 30)}
