"""How many different people there were in past stretches of time: they do not add up over hours."""

from collections.abc import Callable

from streams.baselines.hourly import Counts, Hourly
from streams.panes import HOUR, MINUTE

LEAST = HOUR - MINUTE
"""Of shorter stretches nothing is known; a window of an hour begins with a whole minute."""


class Crowd:
    """Answers as `Hourly` does, from what is known of stretches of whole hours.

    `people(begin, end)` counts different people between two full hours, in milliseconds.
    """

    def __init__(self, hourly: Hourly, people: Callable[[int, int], float]) -> None:
        """`hourly` has the people of each hour: its sums tell how busy days were."""
        self._hourly, self._people = hourly, people

    def between(self, begin: int, end: int) -> float | None:
        """People in [begin, end): between those of the stretches of whole hours beside it.

        A stretch of whole hours is moved, one that begins at a full hour lengthened.
        """
        first, last = begin - begin % HOUR, end - end % HOUR
        if end - begin < LEAST or first < self._hourly.begin or end > self._hourly.end:
            return None
        part = (end - last) / HOUR
        earlier = self._people(first, last) if last > first else 0.0
        if not part:
            return earlier
        later = self._people(first if begin == first else first + HOUR, last + HOUR)
        return earlier + (later - earlier) * part

    def blocks(self, end: int, length: int, count: int) -> Counts | None:
        """As `Hourly.blocks`, of people by the hour."""
        return self._hourly.blocks(end, length, count)
