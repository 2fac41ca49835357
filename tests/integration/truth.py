"""The ledger's numbers in the product's terms, and the product's state as numbers.

Sketches are built here straight with datasketches, not with the product's aggregates.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import datasketches
import msgspec

from agents.settings import WorkerSettings
from exporters.snapshot_store import SnapshotReader
from streams.checkpoint import Archive, Manifest
from streams.folding import Folding, hash_person
from streams.panes import Pane
from streams.unit import ACCOUNTS, StoredUnit, unseal
from tests.integration.pipeline import HASH_KEY, Labels, Pipeline, Samples
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.simulation import Simulation

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
KEPT = {"minute": 2 * HOUR, "hour": 35 * DAY, "day": 400 * DAY}
DISTINCTS = ("active_users", "converting_users")
EXACT_WINDOWS = ("today", "yesterday", "7d", "30d")
"""Where it is known of each person whether it was active."""

Counts = dict[tuple[str, Labels], int | bytes]
"""(metric, sorted label pairs) -> a count, or a sketch in its stored form."""


class LedgerByPartition(Ledger):
    """A ledger that also keeps one for each partition."""

    def __init__(self, timezone: str) -> None:
        super().__init__(timezone)
        self.parts: dict[int, Ledger] = defaultdict(lambda: Ledger(timezone))

    def record(self, partition: int, *truth: Any, **more: Any) -> None:
        super().record(partition, *truth, **more)
        self.parts[partition].record(partition, *truth, **more)

    @classmethod
    def of(cls, simulation: Simulation) -> LedgerByPartition:
        """Put one into a simulation that has not begun."""
        ledger = cls(simulation.timezone)
        simulation.ledger = simulation._sender._ledger = ledger
        return ledger

    def ends(self) -> dict[int, int]:
        """End offset of every partition; brokers have been seen to answer it too low."""
        return {n: outcomes.total() for n, outcomes in sorted(self.outcomes.items())}


@dataclass
class State:
    """One partition: where it stands, and what its panes say."""

    offset: int
    watermark: int
    panes: dict[str, Counts] = field(default_factory=dict)
    outcomes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    orphans: int = 0
    """Units in the changelog that belong to nothing."""

    def read(self, unit: StoredUnit, pane: str, folding: Folding) -> None:
        """Take a unit in."""
        counts: Counts = {}
        for fold_id, series in unit.state:
            for labels, value in series:
                if fold_id in ACCOUNTS:
                    self._account(fold_id, labels, value)
                    continue
                metric = folding.metrics[fold_id]
                pairs = tuple(sorted(zip(metric.labels, labels, strict=True)))
                if metric.kind == "score":
                    counts |= _by_score(metric.name, pairs, value)
                else:
                    counts[metric.name, pairs] = value
        if counts:  # an event that moves no metric leaves an empty pane
            self.panes[pane] = counts

    def _account(self, name: str, labels: tuple[str, ...], value: int | bytes) -> None:
        accounts = {"outcomes": self.outcomes, "dead_letters": self.reasons}
        assert isinstance(value, int)
        if name in accounts:
            accounts[name][labels[0]] = value


def _by_score(name: str, pairs: Labels, value: int | bytes) -> Counts:
    """The counts of a score as the ledger has them: one each, told apart by a label."""
    assert isinstance(value, bytes)
    counts: list[tuple[int, int]] = msgspec.msgpack.decode(value)
    return {(name, tuple(sorted((*pairs, ("score", str(s)))))): count for s, count in counts}


def stored(pipeline: Pipeline) -> dict[int, State]:
    """The state in the changelog: what manifest and archive name, of each the largest offset.

    Of the first lineage: none of these tests replays.
    """
    settings = pipeline.worker_settings()
    logs: dict[int, Log] = defaultdict(Log)
    for message in pipeline.rows(settings.changelog_topic):
        number, lineage, name = message.key().decode().split("/", 2)
        assert (int(number), lineage) == (message.partition(), "0")
        logs[int(number)].take(name, message.value())
    return {number: log.state(settings.folding) for number, log in logs.items() if log.manifests}


@dataclass
class Log:
    """One partition's changelog; a worker that was left behind may have written late."""

    manifests: dict[int, Manifest] = field(default_factory=dict)
    archives: dict[int, Archive] = field(default_factory=dict)
    units: dict[str, StoredUnit] = field(default_factory=dict)

    def take(self, name: str, value: bytes | None) -> None:
        """Take a row; of every unit the one with the largest offset counts."""
        if name.startswith("ids/"):
            return
        if value is None:
            self.units.pop(name, None)
        elif name == "manifest":
            manifest = unseal(Manifest, value, name)
            self.manifests[manifest.offset] = manifest
        elif name.startswith("archive/"):
            archive = unseal(Archive, value, name)
            self.archives[archive.offset] = archive
        else:
            unit = unseal(StoredUnit, value, name)
            if name not in self.units or unit.offset >= self.units[name].offset:
                self.units[name] = unit

    def state(self, folding: Folding) -> State:
        """What the last manifest makes of it."""
        manifest = self.manifests[max(self.manifests)]
        entries = dict(manifest.units)
        if manifest.archive >= 0:
            entries = self.archives[manifest.archive].units | entries
        assert manifest.units.keys() <= self.units.keys()
        state = State(manifest.offset, manifest.place.watermark)
        for name, unit in self.units.items():
            kept = folding.calendar.is_kept(Pane.parse(name), state.watermark)
            if kept and name in entries:
                assert unit.offset >= entries[name].offset
                state.read(unit, name, folding)
            else:  # written late by a worker that did not know that the pane was dropped
                assert unit.offset <= manifest.offset
                state.orphans += 1
        return state


def published(pipeline: Pipeline) -> dict[int, State]:
    """The state in Redis, through the exporter's reader; what is missing is left out."""
    return asyncio.run(_read_redis(pipeline.worker_settings()))


async def _read_redis(settings: WorkerSettings) -> dict[int, State]:
    folding = settings.folding
    reader = SnapshotReader(settings.redis_url, settings.redis_prefix, folding)
    try:
        snapshot = await reader.read()
    finally:
        await reader.close()
    states = {}
    for number, partition in snapshot.partitions.items():
        progress = partition.progress
        states[number] = State(progress.offset, progress.watermark)
        for pane, unit in partition.units.items():
            states[number].read(unit.store(folding.aggregates), str(pane), folding)
    return states


def true_state(ledger: LedgerByPartition, number: int, watermark: int) -> State:
    """What a partition must hold when its watermark stands there."""
    part = ledger.parts[number]
    state = State(ledger.ends()[number], watermark)
    for grain in ("minute", "hour", "day", "lifetime"):
        starts = part.counts[grain].keys() | part.people[grain].keys()
        for start in starts:
            if _is_kept(part, grain, start, watermark):
                state.panes[f"{grain}/{start}"] = _pane(part, grain, start)
    state.outcomes = dict(part.outcomes[number])
    state.reasons = dict(part.reasons[number])
    return state


def _is_kept(ledger: Ledger, grain: str, start: int, watermark: int) -> bool:
    if grain == "lifetime":
        return True
    next_day = ledger.calendar.pane("day", start + 26 * HOUR)
    end = {"minute": start + MINUTE, "hour": start + HOUR, "day": next_day}[grain]
    return end > watermark - KEPT[grain]


def _pane(ledger: Ledger, grain: Any, start: int) -> Counts:
    counts: Counts = dict(ledger.counts[grain].get(start, {}))
    if grain != "lifetime":  # distinct persons are not kept for a lifetime
        for key, persons in ledger.people[grain].get(start, {}).items():
            counts[key] = bytes(sketch(persons).serialize())
    return counts


def sketch(persons: Iterable[str]) -> Any:
    """The sketch of these persons, in the ordered form that a union gives."""
    fresh = datasketches.update_theta_sketch(12)
    for person in persons:
        fresh.update(hash_person(person, HASH_KEY.encode()))
    union = datasketches.theta_union(12)
    union.update(fresh)
    return union.get_result()


def true_series(ledger: Ledger, as_of: int) -> Samples:
    """What an exporter must show at that instant: the ledger, persons counted by sketches.

    But for those who were active in a window of days, who are counted one by one.
    """
    found = dict(ledger.windows(as_of))
    for name, labels in found:
        if name in DISTINCTS and not _is_exact(name, labels):
            found[name, labels] = _estimate(ledger, name, labels, as_of)
    for name, labels in list(found):
        if name in ("conversion_ratio", "sessions_per_user"):
            part = {"conversion_ratio": "converting_users"}.get(name, "windowed_sessions")
            active = found["active_users", tuple(p for p in labels if p[0] == "window")]
            found[name, labels] = found[part, labels] / active
    return {(f"tidegauge_{name}", labels): value for (name, labels), value in found.items()}


def _is_exact(name: str, labels: Labels) -> bool:
    return name == "active_users" and dict(labels)["window"] in EXACT_WINDOWS


def _estimate(ledger: Ledger, name: str, labels: Labels, as_of: int) -> float:
    window = dict(labels)["window"]
    others = tuple(pair for pair in labels if pair[0] != "window")
    return float(round(sketch(ledger.persons(name, others, window, as_of)).get_estimate()))


def differences(ledger: Ledger, folding: Folding, scraped: Samples) -> list[str]:
    """Business series that are not what the ledger says at the exported `as_of`.

    A series that is absent counts as 0: the exporter fills closed label sets up with zeros, the
    ledger what was ever seen.
    """
    if scraped.get(("tidegauge_up", ())) != 1:
        return ["tidegauge_up is not 1"]
    true = true_series(ledger, round(scraped["tidegauge_as_of_timestamp_seconds", ()] * 1000))
    shown = business(folding, scraped)
    return [
        f"{key}: {shown.get(key, 0)} instead of {true.get(key, 0)}"
        for key in sorted(true.keys() | shown.keys())
        if abs(shown.get(key, 0) - true.get(key, 0)) > 1e-9
    ]


def business(folding: Folding, scraped: Samples) -> Samples:
    """The product's series of a scrape."""
    metrics = folding.catalogue.metrics.values()
    names = {name for metric in metrics for name in (metric.total_name, *metric.gauge_names)}
    return {key: value for key, value in scraped.items() if key[0] in names}
