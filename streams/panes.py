"""Panes: the stretches of event time in which state is kept, and how long each kind is kept.

A pane is half-open, [start, end). Minutes and hours are cut in UTC, days in the reporting time
zone, so a day has 23, 24 or 25 hours. Windows are merged from panes when they are read
(`streams.windows`).
"""

import enum
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

GRACE = 24 * HOUR
"""How long after its time a record is still taken; phones upload hours later."""

FUTURE_LIMIT = 10 * MINUTE
"""How far ahead of Kafka's timestamp the time of a record may be."""

NO_WATERMARK = -(1 << 62)
"""The watermark before the first one is known: everything is on time, everything is kept."""


FARTHEST = 1 << 43
"""No pane begins so far from 1970, in milliseconds: it is the year 2248."""


class Grain(enum.StrEnum):
    """The kinds of pane."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    LIFETIME = "lifetime"


KEPT = {Grain.MINUTE: 2 * HOUR, Grain.HOUR: 35 * DAY, Grain.DAY: 400 * DAY}


class Pane(NamedTuple):
    """One stretch of event time; `start` in milliseconds, 0 for the lifetime of a partition."""

    grain: Grain
    start: int

    def __str__(self) -> str:
        return f"{self.grain}/{self.start}"

    @classmethod
    def parse(cls, text: str) -> "Pane":
        """Read what `str` wrote; ValueError when it is something else."""
        grain, _, start = text.partition("/")
        pane = cls(Grain(grain), int(start))
        if str(pane) != text or abs(pane.start) > FARTHEST:
            raise ValueError(f"{text!r} names no pane")
        return pane


LIFETIME = Pane(Grain.LIFETIME, 0)


class Calendar:
    """Cuts event time into panes; days begin at local midnight in `zone`."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self._day_of_hour = lru_cache(maxsize=4096)(self._find_days_in_hour)
        self._midnight = lru_cache(maxsize=4096)(self._find_midnight)

    def panes(self, minute: int) -> tuple[Pane, Pane, Pane, Pane]:
        """Every pane in which a record of that minute (its start) counts."""
        return (
            Pane(Grain.MINUTE, minute),
            Pane(Grain.HOUR, minute - minute % HOUR),
            Pane(Grain.DAY, self.day_start(minute)),
            LIFETIME,
        )

    def day_start(self, time: int) -> int:
        """Start of the local day that holds `time`."""
        days = self._day_of_hour(time // HOUR)
        return days[0] if len(days) == 1 or time < days[1] else days[1]

    def _find_days_in_hour(self, hour: int) -> tuple[int, ...]:
        """Starts of the local days in a UTC hour; two where a zone is off by half an hour."""
        return tuple(
            dict.fromkeys(
                self._midnight(self.local_date(time))
                for time in (hour * HOUR, hour * HOUR + HOUR - 1)
            )
        )

    def local_date(self, time: int) -> date:
        """The calendar day of `time` in the reporting time zone."""
        return datetime.fromtimestamp(time / SECOND, self.zone).date()

    def day_number(self, time: int) -> int:
        """The local day of `time`, counted as `datetime.date.toordinal` does."""
        return self.local_date(self.day_start(time)).toordinal()

    def day_of_number(self, number: int) -> Pane:
        """The pane of a day that is counted like that."""
        return Pane(Grain.DAY, self._midnight(date.fromordinal(number)))

    def _find_midnight(self, day: date) -> int:
        local = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        return int(local.astimezone(UTC).timestamp()) * SECOND

    def days_back(self, time: int, count: int) -> Iterator[Pane]:
        """The local day of `time` and the `count - 1` before it, the latest first."""
        start = self.day_start(time)
        for _ in range(count):
            yield Pane(Grain.DAY, start)
            start = self.day_start(start - 1)  # not a date less: some dates never were

    def end(self, pane: Pane) -> int:
        """The first instant after a pane; the lifetime of a partition has no end."""
        if pane.grain is Grain.MINUTE:
            return pane.start + MINUTE
        if pane.grain is Grain.HOUR:
            return pane.start + HOUR
        if pane.grain is Grain.DAY:
            return self._midnight(self.local_date(pane.start) + timedelta(days=1))
        return 1 << 62

    def kept_until(self, pane: Pane) -> int:
        """The watermark at which the pane is dropped."""
        return self.end(pane) + KEPT.get(pane.grain, 0)

    def is_kept(self, pane: Pane, watermark: int) -> bool:
        """Say whether the pane is still held at that watermark."""
        return self.kept_until(pane) > watermark

    def final_at(self, pane: Pane) -> int:
        """The watermark from which no record on time can change the pane any more."""
        return self.end(pane) + GRACE

    def is_final(self, pane: Pane, watermark: int) -> bool:
        """Say whether no record on time can change the pane any more."""
        return self.final_at(pane) <= watermark
