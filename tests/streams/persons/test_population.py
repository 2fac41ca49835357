"""The table of persons: everybody is found again, and in few steps whatever the order."""

import numpy as np
import pytest

from streams.persons.population import Population

COUNT = 40_000
MOST_STEPS = 200


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "as they come"])
def test_persons_are_close_to_where_one_looks_for_them_also_when_they_came_in_order(
    *, in_order: bool
) -> None:
    rng = np.random.default_rng(1)
    persons = rng.integers(-(1 << 63), (1 << 63) - 1, COUNT, np.int64)
    persons = np.sort(persons) if in_order else persons
    population = Population()
    for some in np.split(persons, 8):
        population.admit(some)
    rows = population.find(persons)
    assert sorted(rows) == list(range(COUNT))
    assert (population.hashes[rows] == persons).all()
    place = np.empty(COUNT, np.int64)
    held = np.flatnonzero(population._slots >= 0)
    place[population._slots[held]] = held
    steps = (place - population._home(population.hashes)) % len(population._slots)
    assert steps.max() < MOST_STEPS


def test_who_was_not_admitted_is_not_found() -> None:
    population = Population()
    assert population.find(np.array([1, 2])).tolist() == [-1, -1]
    population.admit(np.array([5, 1, 5]))
    assert population.size == 2
    assert (population.find(np.array([1, 2, 5])) >= 0).tolist() == [True, False, True]
