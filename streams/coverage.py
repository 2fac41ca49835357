"""From when on a partition has counted each metric: what it lacks that was read before."""

from collections.abc import Iterable

from streams.checkpoint import EVER
from streams.losses import OPEN
from streams.panes import FUTURE_LIMIT


class Coverage:
    """Event times by fold id; `streams.checkpoint.Manifest` says what the three of them mean."""

    def __init__(self, begun: int, since: dict[str, int], timestamp: int) -> None:
        self.begun, self.since, self.timestamp = begun, dict(since), timestamp

    def begin(self, time: int, timestamp: int, metrics: Iterable[str], offset: int) -> None:
        """Note the first accepted record; a log read from offset 0 lacks nothing.

        Others had reached Kafka before it, and were not further ahead than a record may be.
        """
        self.begun = time
        self.since = dict.fromkeys(
            metrics, EVER if offset == 0 else max(time, timestamp + FUTURE_LIMIT)
        )

    def close(self, timestamp: int) -> None:
        """Say since when what was OPEN is counted; `timestamp` as in `Losses.close`."""
        if timestamp > 0 and OPEN in self.since.values():
            until = timestamp + FUTURE_LIMIT
            self.since = {n: until if time == OPEN else time for n, time in self.since.items()}
