"""What a worker published, against the truth: every count and every distinct of every pane.

Distinct persons must equal the same sketch over the ledger's persons, made here with the sketch
library itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import datasketches

from streams.aggregates import LOG2_SKETCH_SIZE
from streams.folding import Folding
from streams.panes import LIFETIME, Grain, Pane
from streams.published import Published
from streams.unit import DEAD_LETTERS, OUTCOMES
from tidegauge.simulator.calendar import Grain as LedgerGrain
from tidegauge.simulator.ledger import Ledger
from tidegauge.simulator.record import Key

Values = dict[tuple[str, Key], float]
"""(pane, series) -> value."""


def differences(
    folding: Folding, partitions: Mapping[int, Published], ledger: Ledger
) -> Iterator[str]:
    """Say what differs, a line each; nothing when all is right."""
    panes = _kept_by_all(folding, partitions.values(), ledger)
    found = _published(folding, list(partitions.values()), panes)
    expected = _true(folding, ledger, panes)
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key, 0) != expected.get(key, 0):
            yield f"{key}: published {found.get(key)}, true {expected.get(key)}"
    for number, published in partitions.items():
        state = published.units[LIFETIME].state
        for account, truth in ((OUTCOMES, ledger.outcomes), (DEAD_LETTERS, ledger.reasons)):
            counted = {labels[0]: n for labels, n in state.get(account, {}).items()}
            if counted != {name: n for name, n in truth.get(number, Counter()).items() if n}:
                yield f"partition {number}, {account}: {counted}, true {truth.get(number)}"


def _kept_by_all(folding: Folding, partitions: Iterable[Published], ledger: Ledger) -> list[Pane]:
    """The ledger's panes that are still kept everywhere, and whatever was published besides."""
    watermark = max(published.progress.watermark for published in partitions)
    panes = {
        Pane(Grain(grain), start) for grain, starts in ledger.counts.items() for start in starts
    }
    panes |= {pane for published in partitions for pane in published.units}
    return sorted(pane for pane in panes if folding.calendar.is_kept(pane, watermark))


def _published(folding: Folding, partitions: list[Published], panes: list[Pane]) -> Values:
    values: Values = {}
    for pane in panes:
        states = [p.units[pane].state for p in partitions if pane in p.units]
        for fold_id, metric in folding.metrics.items():
            merged: dict[Key, list[Any]] = {}
            for state in states:
                for labels, value in state.get(fold_id, {}).items():
                    pairs = tuple(sorted(zip(metric.labels, labels, strict=True)))
                    merged.setdefault((metric.name, pairs), []).append(value)
            aggregate = folding.aggregates[fold_id]
            for (name, pairs), found in merged.items():
                state = aggregate.merge(found)
                if metric.kind == "score":
                    for score, count in state.items():
                        told = tuple(sorted((*pairs, ("score", str(score)))))
                        values[str(pane), (name, told)] = count
                    continue
                unit = 1_000_000 if metric.kind == "sum" else 1
                values[str(pane), (name, pairs)] = round(aggregate.result(state).value * unit)
    return values


def _true(folding: Folding, ledger: Ledger, panes: list[Pane]) -> Values:
    values: Values = {}
    for pane in panes:
        grain: LedgerGrain = pane.grain.value
        name = str(pane)
        for key, count in ledger.counts[grain].get(pane.start, {}).items():
            values[name, key] = count
        if pane.grain is Grain.LIFETIME:
            continue  # no lifetime of distinct persons is kept
        for key, persons in ledger.people[grain].get(pane.start, {}).items():
            values[name, key] = _sketched(folding, persons)
    return values


def _sketched(folding: Folding, persons: Iterable[str]) -> int:
    sketch = datasketches.update_theta_sketch(LOG2_SKETCH_SIZE)
    for person in persons:
        sketch.update(folding.hash_person(person))
    union = datasketches.theta_union(LOG2_SKETCH_SIZE)
    union.update(sketch)
    return round(float(union.get_result().get_estimate()))
