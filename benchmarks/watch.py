"""What a watcher's alarms are worth: found, how soon, and raised for nothing."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from benchmarks.watchers import SINCE, STEP, Alarms
from benchmarks.year import CATCH_UP_MINUTES, DAY_MINUTES, MINUTES, OUTAGE_MINUTES, Year

AFTERWARDS_MINUTES = 60
"""So long after a spike has ended it may still be found."""
EPISODE_MINUTES = 120
"""Alarms closer together wake somebody once."""
MONTH_MINUTES = 30 * DAY_MINUTES


@dataclass
class Watch:
    """The delays in minutes of what was found, by factor; None: it was not."""

    delays: dict[float, list[int | None]] = field(default_factory=dict)
    false_alarms: int = 0
    in_outages: int = 0
    outages: int = 0
    minutes: int = 0

    @classmethod
    def together(cls, watches: Iterable["Watch"]) -> "Watch":
        """Of several years."""
        whole = cls()
        for one in watches:
            for factor, delays in one.delays.items():
                whole.delays.setdefault(factor, []).extend(delays)
            whole.false_alarms += one.false_alarms
            whole.in_outages += one.in_outages
            whole.outages += one.outages
            whole.minutes += one.minutes
        return whole

    @property
    def false_a_month(self) -> float:
        """False alarms in 30 days."""
        return self.false_alarms * MONTH_MINUTES / self.minutes

    def found(self, factor: float) -> list[int]:
        """The delays of those that were found."""
        return [delay for delay in self.delays.get(factor, []) if delay is not None]

    def cell(self, factor: float) -> str:
        """Found of all, and the median delay."""
        found, all_of_them = self.found(factor), self.delays.get(factor, [])
        delay = f", {median(found):.0f} min" if found else ""
        return f"{len(found)} of {len(all_of_them)}{delay} |"

    def figures(self) -> dict[str, object]:
        """For machines."""
        return {
            "found": {f"{f:.2g}": [len(self.found(f)), len(d)] for f, d in self.delays.items()},
            "median_minutes": {
                f"{f:.2g}": median(self.found(f)) for f in self.delays if self.found(f)
            },
            "false_a_month": round(self.false_a_month, 2),
            "in_outages": self.in_outages,
        }


def watch(year: Year, alarms: Alarms) -> Watch:
    """Judge the alarms of a year; for a day after an injection none is called false."""
    result = Watch(outages=len(year.outages), minutes=MINUTES - SINCE)
    minutes = np.arange(SINCE, MINUTES, STEP)
    explained = np.zeros(len(alarms), np.bool_)
    for begin, end, factor in year.injections:
        during = (minutes > begin) & (minutes <= end + AFTERWARDS_MINUTES)
        hits = minutes[during & (alarms == (1 if factor > 1 else -1))]
        delay = int(hits[0]) - begin if len(hits) else None
        result.delays.setdefault(factor, []).append(delay)
        explained |= (minutes > begin) & (minutes <= end + DAY_MINUTES)
    unexplained = (alarms != 0) & ~explained
    for stop in year.outages:
        until = stop + OUTAGE_MINUTES + CATCH_UP_MINUTES + AFTERWARDS_MINUTES
        in_outage = (minutes >= stop) & (minutes <= until)
        before = alarms[np.searchsorted(minutes, stop) - 1]
        result.in_outages += int(not before and (unexplained & in_outage).any())
    false = minutes[unexplained]
    result.false_alarms = int(len(false) > 0) + int((np.diff(false) > EPISODE_MINUTES).sum())
    return result
