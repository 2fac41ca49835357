"""Which faults come follows from the seed, and from nothing that happens."""

from itertools import islice

from tests.chaos.faults import KINDS
from tests.chaos.plan import BIAS, plan
from tests.chaos.rules import RULES
from tests.simulation.ablations import RULES as OF_SIMULATION

LONG = 200


def drawn(seed: int, rule_off: str = "") -> list[tuple[str, float]]:
    return [(kind.name, rng.random()) for kind, rng in islice(plan(seed, rule_off), LONG)]


def test_a_seed_gives_the_same_faults_with_the_same_chances_again() -> None:
    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_every_kind_comes_within_the_first_round() -> None:
    size = sum(kind.times for kind in KINDS.values())
    assert {kind.name for kind, _ in islice(plan(3), size)} == KINDS.keys()
    assert len(KINDS) > 20


def test_with_a_rule_off_the_faults_that_need_it_come_more_often() -> None:
    for rule, kinds in BIAS.items():
        names = [name for name, _ in drawn(1, rule)]
        for kind, times in kinds.items():
            assert names.count(kind) > [name for name, _ in drawn(1)].count(kind)
            assert times > KINDS[kind].times


def test_every_rule_of_the_simulation_can_be_switched_off_in_a_worker() -> None:
    assert set(RULES.values()) == set(OF_SIMULATION.values())
    assert BIAS.keys() <= RULES.keys()
