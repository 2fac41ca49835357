"""What a launch came to in each part of a segment: people, conversions, the share who converted.

Counted over the whole hours from the launch's start to its end, or to now, as far back as hours are
kept; not at all where something of them was lost. People are united over the hours, so nobody
counts twice in a part. Beyond some 4,000 people their number is an estimate, and the share is that
of a sample of them, which its interval knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from streams.aggregates import Distinct
from streams.catalogue import Catalogue, Metric
from streams.completeness import counted_since, has_loss
from streams.folding import Folding
from streams.launches.asked import can_ask
from streams.launches.launch import Launch
from streams.launches.shares import Share, difference, share
from streams.merging import Merged
from streams.panes import HOUR, KEPT, Grain, Pane
from streams.published import Published
from streams.routing import Labels

GOAL = "goal"
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
    return [one for one in found if _can_split(catalogue, one)]


def split(
    folding: Folding, partitions: Sequence[Published], instant: int, launch: Launch
) -> Split | None:
    """Split a launch; None where its segment is none, or there is no whole hour, or loss in it."""
    catalogue = folding.catalogue
    if launch.split not in segments(catalogue) or not partitions:
        return None
    metrics = _metrics(catalogue, launch.split)
    begin = _begin(folding, partitions, launch, metrics)
    end = min(instant, launch.end or instant)
    end -= end % HOUR
    if begin is None or begin >= end:
        return None
    panes = [Pane(Grain.HOUR, start) for start in range(begin, end, HOUR)]
    if has_loss(folding, partitions, panes):
        return None
    merged = Merged(folding, partitions)
    active, *converting = metrics
    found = [merged.read(active, panes, (launch.split,))]
    found += [merged.read(metric, panes, (GOAL, launch.split)) for metric in converting]
    values = catalogue.labels[launch.split].values
    goals = {goal: list(_parts(found, goal, values)) for goal in _goals(catalogue, launch)}
    return Split(begin, end, goals)


def _begin(
    folding: Folding, partitions: Sequence[Published], launch: Launch, metrics: Iterable[Metric]
) -> int | None:
    """The first hour of which everything is known: of the launch, still kept, counted since then.

    The hour in which the launch began is left out, unless it began with it. None where some metric
    is not counted at all.
    """
    latest = max(one.progress.watermark for one in partitions)
    begin = max(launch.start, latest - KEPT[Grain.HOUR] - HOUR + 1)
    for metric in metrics:
        since = counted_since(partitions, folding.catalogue.fold_id(metric))
        if since is None:
            return None
        begin = max(begin, since)
    return -(-begin // HOUR) * HOUR


def _goals(catalogue: Catalogue, launch: Launch) -> Sequence[str]:
    """Those that the launch asks about, or all."""
    asked = [dict(one.labels).get(GOAL) for one in can_ask(catalogue, launch.metrics)]
    return list(dict.fromkeys(filter(None, asked))) or catalogue.labels[GOAL].values


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


def _metrics(catalogue: Catalogue, segment: str) -> list[Metric]:
    """Active people, those who convert, and conversions; fewer where one was taken out."""
    names = (f"{name}_by_{segment}" for name in (ACTIVE, CONVERTING, CONVERSIONS))
    return [catalogue.metrics[name] for name in names if name in catalogue.metrics]


def _can_split(catalogue: Catalogue, segment: str) -> bool:
    """Whether there are all three, and the last two tell goals apart."""
    found = _metrics(catalogue, segment)
    return len(found) == 3 and all(GOAL in metric.labels for metric in found[1:])  # noqa: PLR2004
