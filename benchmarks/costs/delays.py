"""How long each probe took from being sent to being shown."""

import math
from collections.abc import Sequence


class Delays:
    """Probes by partition, each counted there in the order it was sent; times in seconds."""

    def __init__(self, partitions: int) -> None:
        self._sent: list[list[float]] = [[] for _ in range(partitions)]
        self._seen = [0] * partitions
        self.seconds: list[float] = []
        """Of every probe that was shown."""

    @property
    def sent(self) -> int:
        """How many probes there were."""
        return sum(map(len, self._sent))

    @property
    def unseen(self) -> int:
        """How many of them are not shown yet."""
        return self.sent - sum(self._seen)

    def send(self, partition: int, now: float) -> None:
        """Take note of a probe."""
        self._sent[partition].append(now)

    def show(self, partition: int, count: int, now: float) -> None:
        """Take note that so many of a partition are shown."""
        fresh = self._sent[partition][self._seen[partition] : count]
        self.seconds += [now - sent for sent in fresh]
        self._seen[partition] += len(fresh)

    def with_unseen(self, now: float) -> list[float]:
        """The delays, and how long those wait by now that are not shown."""
        waiting = zip(self._sent, self._seen, strict=True)
        return self.seconds + [now - sent for times, seen in waiting for sent in times[seen:]]


def percentile(values: Sequence[float], percent: float) -> float:
    """The least of the values that so many percent do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, math.ceil(percent / 100 * len(ranked)) - 1)]
