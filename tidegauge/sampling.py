"""What a sample of records would count in: which metrics they meet, and why others meet none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streams.catalogue import OTHER
from streams.event import INTERACTIONS, Event, Rejected
from streams.folding import LAUNCHES, Folding
from streams.launches.events import Says
from streams.outcomes import Record
from streams.routing import Route
from streams.values import micro_units

EXAMPLES = 3


class SampledRecord(Record, Protocol):
    """A record and its partition."""

    @property
    def partition(self) -> int:
        """Where it was read."""


@dataclass
class Findings:
    """What was found in a sample."""

    records: int = 0
    metrics: Counter[str] = field(default_factory=Counter)
    """Metric -> records that count in it."""
    facts: Counter[str] = field(default_factory=Counter)
    """Fact -> records that say it of a person."""
    unmatched: Counter[str] = field(default_factory=Counter)
    """Kind and name of events that count in no metric and say nothing of a person."""
    rejected: dict[str, list[str]] = field(default_factory=dict)
    """Reason -> examples, each with its place and what was wrong."""
    rejections: Counter[str] = field(default_factory=Counter)
    others: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(metric, label) -> records whose value is outside the closed set."""
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(metric or fact, why) -> records of which a number, score or time cannot be used."""
    launches: set[str] = field(default_factory=set)
    """Names of those that are told of."""
    bots: int = 0
    nobody: int = 0
    """Records without a person under the chosen key."""


def examine(folding: Folding, records: Sequence[SampledRecord]) -> Findings:
    """Decode and route a sample; nothing is counted anywhere."""
    findings = Findings(records=len(records))
    events = folding.decode([record.value for record in records]) if records else []
    for record, event in zip(records, events, strict=True):
        if isinstance(event, Rejected):
            _reject(findings, record, event)
        else:
            _route(findings, folding, event, record)
    return findings


def _reject(findings: Findings, record: SampledRecord, rejected: Rejected) -> None:
    findings.rejections[rejected.reason] += 1
    examples = findings.rejected.setdefault(rejected.reason, [])
    if len(examples) < EXAMPLES:
        place = f"partition {record.partition}, offset {record.offset}"
        examples.append(f"{place}: {rejected.detail}")


def _route(findings: Findings, folding: Folding, event: Event, record: SampledRecord) -> None:
    if event.bot or (event.user_agent is not None and folding.is_bot(event.user_agent)):
        findings.bots += 1
        return
    findings.nobody += event.person is None
    route = folding.router.by_name[event.kind, event.name]
    values = route.extract(event.said)
    found = route.read(values)
    time = record.timestamp if event.time is None else event.time
    specific = _tell(findings, route, values, event, time)
    if route.launch and record.value is not None:
        specific |= _mark(findings, folding, route.launch, record.value, time)
    for rule in route.rules:
        if rule.kind == "distinct" and event.person is None:
            continue
        labels = rule.labels(found)
        metric = folding.metrics[rule.metric]
        amount: Any = found[rule.score] if rule.kind == "score" else 0
        if rule.kind == "sum":
            amount = micro_units(values[rule.value])
        if isinstance(amount, str) or labels is None:
            why = amount if isinstance(amount, str) else "unknown label"
            findings.skipped[rule.name, why] += 1
            continue
        findings.metrics[rule.name] += 1
        specific |= not metric.active_only and rule.name != "interactions"
        for label, value in zip(metric.labels, labels, strict=True):
            findings.others[rule.name, label] += value == OTHER
    if not specific:
        name = f" {event.name!r}" if event.name else ""
        note = " (an interaction, nothing more)" if event.kind in INTERACTIONS else ""
        findings.unmatched[f"{event.kind}{name}{note}"] += 1


def _mark(findings: Findings, folding: Folding, says: Says, record: bytes, time: int) -> bool:
    """Whether an event says something of a launch."""
    skipped: list[str] = []
    said = folding.launches.read(says, record, time, skipped.append)
    for why in skipped:
        findings.skipped[LAUNCHES, why] += 1
    if said is not None:
        findings.launches.add(said[0])
    return said is not None


def _tell(
    findings: Findings, route: Route, values: tuple[Any, ...], event: Event, time: int
) -> bool:
    """Whether an event says something of its person."""
    says, found = False, route.read(values)
    for tell in route.tells:
        why = tell.no_score(found)
        since = None if tell.label_of(found) is None else tell.since(values, time)
        if why or isinstance(since, str):
            findings.skipped[tell.fact, why or str(since)] += 1
        elif event.person is not None and since is not None:
            findings.facts[tell.fact] += 1
            says = True
    return says
