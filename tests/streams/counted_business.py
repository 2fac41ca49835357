"""A steady made-up business, given by what its panes hold: weeks of it cost no folding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import numpy as np

from streams.folding import Folding
from streams.panes import DAY, HOUR, MINUTE, Grain, Pane
from streams.place import Place
from streams.published import Progress, Published
from streams.unit import Unit
from tests.streams.made_up import a_folding, moment

FOLDING = a_folding(zone="UTC")
NOW = moment("2026-06-10T15:20+00:00")
AN_HOUR = {"cancellations": 30, "signup": 120, "order": 40}
PEOPLE = 2_000

Factor = Callable[[str, int], float]
"""How busy it is, of a name in `AN_HOUR` and a time in milliseconds, beside the usual."""


def usual(_: str, __: int) -> float:
    return 1.0


def lately(minutes: int, factors: Mapping[str, float]) -> Factor:
    """The usual, but in the last minutes."""
    return lambda name, time: factors.get(name, 1.0) if time >= NOW - minutes * MINUTE else 1.0


def business(
    factor: Factor = usual, days: int = 35, *, count: int = 2, seed: int = 1
) -> list[Published]:
    """So many partitions that have counted the last days, up to `NOW`."""
    rng, begin = np.random.default_rng(seed), NOW - NOW % HOUR - days * DAY
    recent = NOW - NOW % HOUR - 2 * HOUR
    held = [Published(progress(number, begin)) for number in range(count)]
    starts = [*range(begin, recent, HOUR), *range(recent, NOW, MINUTE)]
    for start, end in pairwise([*starts, NOW]):
        for name, rate in AN_HOUR.items():
            happened = rng.poisson(rate * factor(name, start) * (end - start) / HOUR / count, count)
            for one, events in zip(held, happened.tolist(), strict=True):
                if events:
                    _count(one, name, start, events, rng.integers(PEOPLE, size=events).tolist())
    return held


def progress(number: int, begin: int) -> Progress:
    """Of a partition that has been read up to now and counts since `begin`."""
    since = dict.fromkeys(FOLDING.metrics, begin)
    return Progress(number, 1, NOW, NOW, NOW, 1, since, 0, begun=begin)


def _count(held: Published, name: str, start: int, events: int, people: list[int]) -> None:
    """Count what happened in a minute, or in an hour whose minutes are not kept any more."""
    panes = [Pane(Grain.HOUR, start - start % HOUR), Pane(Grain.MINUTE, start)]
    for pane in panes if start >= NOW - 2 * HOUR else panes[:1]:
        unit = held.units.setdefault(pane, Unit(0, Place(0, 0, 0, 0)))
        if name == "cancellations":
            add(unit, FOLDING, name, ("pro", "price"), events)
            continue
        add(unit, FOLDING, "interactions", (), events)
        add(unit, FOLDING, "conversions", (name,), events)
        add(unit, FOLDING, "active_users", (), people)


def add(unit: Unit, folding: Folding, name: str, labels: tuple[str, ...], amount: object) -> None:
    fold_id = folding.catalogue.fold_id(folding.catalogue.metrics[name])
    unit.add(fold_id, labels, folding.aggregates[fold_id], amount)
