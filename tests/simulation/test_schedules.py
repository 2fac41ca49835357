"""Nothing is lost and nothing is counted twice, whatever happens when.

Real partitions over a log, a changelog and a Redis that are made up. Each schedule is drawn from
its seed; `python -m tests.simulation SEED` tells one step by step.
"""

from collections import Counter

import pytest

from streams.catalogue import OTHER
from streams.folding import Folding
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME
from tests.simulation import holding
from tests.simulation.schedule import FAULTS, RETENTIONS, Schedule

SEEDS = 1_000
LONG_SEEDS = 20_000
AT_ONCE = 100


def hold(folding: Folding, seed: int) -> Schedule:
    """Run a schedule."""
    told_again = f"{seed} (python -m tests.simulation {seed})"
    return holding.hold(Schedule(folding, seed), told_again)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_schedule_loses_anything_or_counts_it_twice(folding: Folding, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        hold(folding, seed)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + LONG_SEEDS, 10 * AT_ONCE))
def test_no_schedule_of_many_loses_anything(folding: Folding, first: int) -> None:
    for seed in range(first, first + 10 * AT_ONCE):
        hold(folding, seed)


def test_the_schedules_meet_every_kind_of_trouble(folding: Folding) -> None:
    schedules = [hold(folding, seed) for seed in range(40)]
    met = sum((schedule.world.met for schedule in schedules), Counter[str]())
    assert met.keys() >= {*FAULTS, *RETENTIONS, "repaired", "lost", "refused by Redis"}
    assert met.keys() >= {f"{row} buried" for row in ("minute", "hour", "day", "ids")}
    assert met["archive written"] > len(schedules)
    assert sum(met[fault] for fault in FAULTS) > 10 * len(schedules)
    last = [schedule.cluster.owner.partition.units.held[LIFETIME].state for schedule in schedules]
    assert {labels[0] for state in last for labels in state["outcomes"]} == set(OUTCOMES)
    views = [series for state in last for name, series in state.items() if "views" in name]
    assert any((OTHER,) in series for series in views)


def test_a_seed_is_always_the_same_schedule(folding: Folding) -> None:
    first, second = Schedule(folding, 7), Schedule(folding, 7)
    first.run()
    second.run()
    assert first.cluster.trace == second.cluster.trace
    assert len(first.cluster.trace) > 10
