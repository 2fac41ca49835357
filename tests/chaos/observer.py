"""Looks at both exporters all the time, and keeps what they said for the judge.

No number is believed by itself: each scrape names the offsets it is of, at which the judge knows
what it must be.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from streams.folding import Folding
from tests.chaos.recount import summed_totals
from tests.integration.background import InBackground
from tests.integration.pipeline import Service

log = logging.getLogger("tests.chaos")

PAUSE_SECONDS = 1.5
BACK_SECONDS = 2.0
"""So far two workers that publish one partition at the same time may put it back."""
LINE = re.compile(r"([a-z_:A-Z0-9]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
OF_SNAPSHOT = (
    "tidegauge_read_offset",
    "tidegauge_published_timestamp_seconds",
    "tidegauge_shard_published_timestamp_seconds",
    "tidegauge_shard_told_timestamp_seconds",
    "tidegauge_as_of_timestamp_seconds",
)


@dataclass(frozen=True)
class Sight:
    """One scrape while the business series were there."""

    exporter: int
    at: float
    """Wall clock, in seconds."""
    as_of: float
    offsets: dict[int, int]
    totals: dict[str, int]
    """In micro-units, see `summed_totals`."""
    snapshot: str
    """What is the same in two scrapes of one snapshot."""
    business: str
    """Digest of all business series, byte for byte."""


@dataclass
class Observer(InBackground):
    """Scrapes in a thread of its own; `with` it."""

    exporters: Sequence[Service]
    """May be changed in place."""
    folding: Folding
    sights: list[Sight] = field(default_factory=list)
    latest: dict[int, Sight | None] = field(default_factory=dict)
    """By exporter."""
    absent: int = 0
    """Scrapes without business series."""
    excused: list[tuple[float, float]] = field(default_factory=list)
    """From when until when, by the wall clock, `as_of` may go back."""

    def __post_init__(self) -> None:
        super().__init__()
        metrics = self.folding.catalogue.metrics.values()
        self._totals = {metric.total_name for metric in metrics if metric.has_total}
        self._business = self._totals | {n for metric in metrics for n in metric.exported_names}

    def as_of(self) -> float:
        """The oldest instant that an exporter showed lately; 0 when one showed none."""
        found = [self.latest.get(number) for number in range(len(self.exporters))]
        return min(0.0 if sight is None else sight.as_of for sight in found)

    def see(self, number: int) -> Sight | None:
        """Scrape one exporter; None without business series."""
        status, text = self.exporters[number].get("metrics")
        if status != 200 or "\ntidegauge_up 1.0\n" not in text:
            return None
        return self._read(number, text)

    def _run(self) -> None:
        with ThreadPoolExecutor(2) as pool:
            while not self._over.wait(PAUSE_SECONDS):
                for number, sight in enumerate(pool.map(self.see, range(len(self.exporters)))):
                    self.latest[number] = sight
                    if sight is None:
                        self.absent += 1
                    else:
                        self.sights.append(sight)

    def _read(self, number: int, text: str) -> Sight:
        snapshot, business = hashlib.sha256(), hashlib.sha256()
        offsets, as_of = {}, 0.0
        totals: list[tuple[tuple[str, tuple[tuple[str, str], ...]], float]] = []
        for name, labels, value, line in _samples(text):
            if name in OF_SNAPSHOT:
                snapshot.update(line.encode())
            if name in self._business:
                business.update(line.encode())
            if name in self._totals:
                totals.append(((name.removeprefix("tidegauge_"), _pairs(labels)), float(value)))
            elif name == "tidegauge_read_offset":
                offsets[int(_pairs(labels)[0][1])] = int(float(value))
            elif name == "tidegauge_as_of_timestamp_seconds":
                as_of = float(value)
        summed = {k: n for k, n in summed_totals(totals).items() if n}
        return Sight(
            *(number, time.time(), as_of, offsets, summed),
            *(snapshot.hexdigest(), business.hexdigest()),
        )


def _samples(text: str) -> Iterator[tuple[str, str, str, str]]:
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        found = LINE.match(line)
        assert found is not None, line
        yield found[1], found[2] or "", found[3], line


def _pairs(labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(LABEL.findall(labels))


@dataclass
class Verdict:
    """What is wrong with what was seen."""

    sights: int = 0
    lost: int = 0
    double: int = 0
    pairs: int = 0
    """Scrapes of two exporters of one snapshot."""
    back: int = 0
    """Scrapes with an earlier `as_of` than the one before, where that is excused, too."""
    wrong: list[str] = field(default_factory=list)


def judge_sights(
    sights: Sequence[Sight],
    totals_at: Callable[[dict[int, int]], dict[str, int]],
    excused: Sequence[tuple[float, float]] = (),
) -> Verdict:
    """Compare every scrape with what its offsets come to, with those before, and with the other."""
    verdict = Verdict(sights=len(sights))
    last: dict[int, Sight] = {}
    by_snapshot: dict[str, Sight] = {}
    for sight in sights:
        _compare(sight, totals_at(sight.offsets), verdict)
        before = last.get(sight.exporter)
        if before is not None:
            _compare_in_time(before, sight, verdict)
            if sight.as_of < before.as_of - BACK_SECONDS:
                _note_way_back(before, sight, verdict, excused)
        last[sight.exporter] = sight
        other = by_snapshot.setdefault(sight.snapshot, sight)
        if other.exporter != sight.exporter:
            verdict.pairs += 1
            if other.business != sight.business:
                verdict.wrong.append(f"two exporters disagree at as_of {sight.as_of}")
    return verdict


def _compare(sight: Sight, true: dict[str, int], verdict: Verdict) -> None:
    for name in sight.totals.keys() | true.keys():
        shown, should = sight.totals.get(name, 0), true.get(name, 0)
        # Money is a float of up to 53 bits once it is shown.
        if abs(shown - should) <= 1:
            continue
        verdict.lost += should > shown
        verdict.double += shown > should
        verdict.wrong.append(f"{name} was {shown / 1e6}, not {should / 1e6}, at {sight.as_of}")


def _compare_in_time(before: Sight, sight: Sight, verdict: Verdict) -> None:
    fell = [name for name, value in before.totals.items() if sight.totals.get(name, 0) < value]
    if fell:
        back = {
            number: offset - sight.offsets.get(number, 0)
            for number, offset in before.offsets.items()
            if sight.offsets.get(number, 0) < offset
        }
        verdict.wrong.append(
            f"exporter {sight.exporter}: {len(fell)} counters fell within "
            f"{sight.at - before.at:.1f} s, such as {fell[0]}; offsets back by {back}"
        )


def _note_way_back(
    before: Sight, sight: Sight, verdict: Verdict, excused: Sequence[tuple[float, float]]
) -> None:
    verdict.back += 1
    if not any(begin <= sight.at and before.at <= end for begin, end in excused):
        seconds = before.as_of - sight.as_of
        verdict.wrong.append(
            f"exporter {sight.exporter}: as_of went back by {seconds:.1f} s at {sight.at:.1f}"
        )
