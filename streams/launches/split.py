"""What a launch came to in each part of a segment: people, conversions, the share who converted.

Counted over the whole hours from the launch's start to its end, or to now, as far back as hours are
kept. People are united over the hours, so nobody counts twice in a part. Beyond some 4,000 people
their number is an estimate, and the share is that of a sample of them, which its interval knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from streams.aggregates import Aggregate, Distinct
from streams.catalogue import Catalogue
from streams.folding import Folding
from streams.launches.asked import can_ask
from streams.launches.launch import Launch
from streams.launches.shares import Share, difference, share
from streams.panes import HOUR, KEPT, Grain, Pane
from streams.published import Published
from streams.routing import Labels
from streams.unit import Unit

ACTIVE, CONVERTING, CONVERSIONS = "active_users", "converting_users", "conversions"
DISTINCT = Distinct()


class Part(NamedTuple):
    """What happened in one part, for one goal."""

    value: str
    people: float
    conversions: float
    converted: float
    """People who did."""
    share: Share | None
    """Of the people; None without any."""
    difference: Share | None
    """How much larger it is than that of the first part; None of that one itself."""


class Split(NamedTuple):
    """The parts of a segment, by goal, between two instants in milliseconds."""

    begin: int
    end: int
    goals: dict[str, list[Part]]


def segments(catalogue: Catalogue) -> list[str]:
    """The segments by which a launch can be split."""
    found = dict.fromkeys(m.segment for m in catalogue.metrics.values() if m.segment)
    return [one for one in found if {*_names(one)} <= catalogue.metrics.keys()]


def split(
    folding: Folding, partitions: Sequence[Published], instant: int, launch: Launch
) -> Split | None:
    """Split a launch; None where its segment is none, or where there is no whole hour of it yet."""
    catalogue = folding.catalogue
    if launch.split not in segments(catalogue) or not partitions:
        return None
    fold_ids = [catalogue.fold_id(catalogue.metrics[name]) for name in _names(launch.split)]
    begin = _begin(partitions, launch, fold_ids)
    end = instant if launch.end is None else min(instant, launch.end - launch.end % HOUR)
    if begin >= end:
        return None
    panes = [Pane(Grain.HOUR, start) for start in range(begin, end, HOUR)]
    units = [unit for one in partitions for pane in panes if (unit := one.units.get(pane))]
    found = [_merged(units, name, folding.aggregates[name]) for name in fold_ids]
    values = catalogue.labels[launch.split].values
    goals = {goal: list(_parts(found, goal, values)) for goal in _goals(catalogue, launch)}
    return Split(begin, end, goals)


def _begin(partitions: Sequence[Published], launch: Launch, fold_ids: Sequence[str]) -> int:
    """The first hour of which everything is known: of the launch, still kept, counted since then.

    The hour in which the launch began is left out, unless it began with it.
    """
    progress = [one.progress for one in partitions]
    latest = max(one.watermark for one in progress)
    dropped = latest - KEPT[Grain.HOUR] - HOUR
    since = [one.since[name] for one in progress for name in fold_ids if name in one.since]
    return max(_next_hour(time) for time in (launch.start, dropped + 1, *since))


def _next_hour(time: int) -> int:
    return -(-time // HOUR) * HOUR


def _goals(catalogue: Catalogue, launch: Launch) -> Sequence[str]:
    """Those that the launch asks about, or all."""
    asked = [dict(one.labels).get("goal") for one in can_ask(catalogue, launch.metrics)]
    return list(dict.fromkeys(filter(None, asked))) or catalogue.labels["goal"].values


def _merged(units: Iterable[Unit], fold_id: str, aggregate: Aggregate) -> dict[Labels, Any]:
    states: dict[Labels, list[Any]] = {}
    for unit in units:
        for labels, state in unit.state.get(fold_id, {}).items():
            states.setdefault(labels, []).append(state)
    return {labels: aggregate.merge(found) for labels, found in states.items()}


def _parts(
    found: Sequence[Mapping[Labels, Any]], goal: str, values: Sequence[str]
) -> Iterator[Part]:
    active, converting, conversions = found
    first: Share | None = None
    for value in values:
        people = active.get((value,), DISTINCT.initialize())
        converted = converting.get((goal, value), DISTINCT.initialize())
        own = share(*DISTINCT.sample(converted, people))
        yield Part(
            value,
            DISTINCT.result(people).value,
            conversions.get((goal, value), 0),
            DISTINCT.result(converted).value,
            own,
            difference(own, first) if own and first else None,
        )
        first = own if value == values[0] else first


def _names(segment: str) -> tuple[str, ...]:
    return tuple(f"{name}_by_{segment}" for name in (ACTIVE, CONVERTING, CONVERSIONS))
