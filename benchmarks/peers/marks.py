"""What a peer is told, and what it tells: how far it was when, and its counts at the end."""

import json
import os
import platform
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peak import peak_megabytes

EVERY_RECORDS, EVERY_SECONDS = 64, 0.1
PREFIX = "PEER_"


@dataclass(frozen=True)
class Order:
    """What a peer is to do."""

    application: str
    """Its consumer group and what its topics begin with: another one in each run."""
    bootstrap: str
    topic: str
    partitions: int
    records: int
    """In the topic: it is done after so many."""
    variant: str
    """`durable`, or `fleeting`: without changelog or recovery store."""
    result: Path
    """Where its result is to stand."""
    folder: Path
    """For what it keeps on disk."""

    @classmethod
    def read(cls) -> "Order":
        """From the environment."""
        told = {name: os.environ[PREFIX + name.upper()] for name in cls.__annotations__}
        return cls(
            told["application"],
            told["bootstrap"],
            told["topic"],
            int(told["partitions"]),
            int(told["records"]),
            told["variant"],
            Path(told["result"]),
            Path(told["folder"]),
        )

    def environment(self) -> dict[str, str]:
        """The same, for a process that `read`s it."""
        return {PREFIX + name.upper(): str(getattr(self, name)) for name in self.__annotations__}


class Marks:
    """Counts the records a peer is through with; a mark is [records, seconds, CPU seconds]."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._marks: list[tuple[int, float, float]] = []
        self.records = 0

    def add(self, count: int = 1) -> bool:
        """Count records; whether that were all."""
        before, self.records = self.records, self.records + count
        if before // EVERY_RECORDS != self.records // EVERY_RECORDS:
            now = time.monotonic()
            if not self._marks or now >= self._marks[-1][1] + EVERY_SECONDS:
                self._marks.append((self.records, now, time.process_time()))
        return self.records >= self._order.records

    def finish(self, counts: Mapping[str, int]) -> None:
        """Make the last mark and write the result, whole or not at all."""
        self._marks.append((self.records, time.monotonic(), time.process_time()))
        result = {
            "marks": self._marks,
            "counts": counts,
            "peak_megabytes": round(peak_megabytes()),
            "python": platform.python_version(),
        }
        partly = self._order.result.with_suffix(".part")
        partly.write_text(json.dumps(result), encoding="utf-8")
        partly.replace(self._order.result)


def named(
    minutes: Iterable[tuple[str, int, int]],
    days: Iterable[tuple[str, int, int]],
    persons: Mapping[int, int],
) -> dict[str, int]:
    """Counts by name, of (key, start of the window in ms, count); persons by start of the day."""
    counts: dict[str, int] = {}
    for grain, found in (("minute", minutes), ("day", days)):
        for key, start, count in found:
            name = f"{grain}|{start}|{key}"
            counts[name] = counts.get(name, 0) + count
    return counts | {f"day|{start}|persons": count for start, count in persons.items()}
