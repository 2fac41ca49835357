"""What crosses to the shards of persons is there once, whatever happens to whom and when."""

from collections import Counter

import pytest

from streams.folding import Folding
from streams.panes import DAY
from streams.persons import heard
from tests.simulation import holding
from tests.simulation.persons.schedule import FAULTS, Schedule

SEEDS = 200
LONG_SEEDS = 8_000
AT_ONCE = 50


def hold(folding: Folding, seed: int, *, without: str = "") -> Schedule:
    """Run a schedule, without one of the faults."""
    schedule = Schedule(folding, seed)
    schedule.weights |= dict.fromkeys([without] if without else [], 0)
    return holding.hold(schedule, str(seed))


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_no_schedule_loses_a_fact_or_takes_it_twice(folding: Folding, first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        hold(folding, seed)


@pytest.mark.parametrize("first", range(0, SEEDS, 2 * AT_ONCE))
def test_who_is_told_again_declares_nothing_lost(
    folding: Folding, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    # Nobody is taken for quiet: so nothing is late, and what was told before is known.
    monkeypatch.setattr(heard, "QUIET", 1_000 * DAY)
    for seed in range(first, first + AT_ONCE):
        schedule = hold(folding, seed, without="trim")
        assert not schedule.declared(), seed


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + LONG_SEEDS, 1_000))
def test_no_schedule_of_many_loses_a_fact(folding: Folding, first: int) -> None:
    for seed in range(first, first + 1_000):
        hold(folding, seed)


def test_the_schedules_meet_every_fault(folding: Folding) -> None:
    met = sum((hold(folding, seed).met for seed in range(30)), Counter[str]())
    assert all(met[fault] > 10 for fault in FAULTS)
