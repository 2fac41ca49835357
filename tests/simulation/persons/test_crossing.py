"""What crosses to the shards of persons is there once, whatever happens to whom and when."""

from collections import Counter

import pytest

from streams.folding import Folding
from tests.simulation import holding
from tests.simulation.persons.schedule import FAULTS, Schedule

SEEDS = 200
LONG_SEEDS = 8_000
AT_ONCE = 50


def hold(folding: Folding, seed: int) -> Schedule:
    """Run a schedule."""
    return holding.hold(Schedule(folding, seed), str(seed))


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_schedule_loses_a_fact_or_takes_it_twice(folding: Folding, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        hold(folding, seed)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + LONG_SEEDS, 1_000))
def test_no_schedule_of_many_loses_a_fact(folding: Folding, first: int) -> None:
    for seed in range(first, first + 1_000):
        hold(folding, seed)


def test_the_schedules_meet_every_fault(folding: Folding) -> None:
    met = sum((hold(folding, seed).met for seed in range(30)), Counter[str]())
    assert all(met[fault] > 10 for fault in FAULTS)
