"""Each rule of recovery is needed: with it switched off some schedule goes wrong.

`make test` replays the seeds in `FOUND`; `make test-long` searches anew and prints the table.
"""

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from streams.folding import Folding
from tests.simulation.ablations import RULES
from tests.simulation.schedule import Schedule
from tests.simulation.truth import Wrong

SEARCHED = 300
"""Schedules to try with each rule off; more, until one is found."""
MOST_SEARCHED = 4_000
FOUND: dict[str, tuple[int, str]] = {
    "guard": (1, "('money',): 30.17, ('people',): 9"),
    "finality": (5, "minute/1792929540000 had been dropped and is written again"),
    "no regress": (14, "dead letters DeadLetterRun(read=33, dead=3"),
    "orphans are dropped": (5, "hour/1792861200000 is held although nothing lists it"),
    "manifest": (4, "minute/1792864860000: None, not {('people',): 1"),
    "the largest rank counts": (35, "the newest manifest is at 36, but that at 26 is read"),
    "the manifest is written last": (25, "lost without need: ['minute/1792865280000"),
    "rows are buried last": (9, "lost without need: ['ids by which"),
    "nothing is forgotten within a block": (101, "('people',): 10, ('views', '__other__'): 2"),
    "what follows the manifest is not missed": (753, "dead letters DeadLetterRun(read=23"),
    "rows that count are written again": (7, "2 units still to repair"),
}
"""Rule -> a seed, and words from what goes wrong."""


def what_is_wrong(folding: Folding, seed: int) -> str:
    """What a schedule breaks; empty when nothing."""
    try:
        Schedule(folding, seed).run()
    except Wrong as wrong:
        return str(wrong)
    return ""


@pytest.mark.parametrize("rule", FOUND)
def test_without_a_rule_a_schedule_goes_wrong(
    folding: Folding, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, told = FOUND[rule]
    assert not what_is_wrong(folding, seed)
    RULES[rule](monkeypatch)
    assert told in what_is_wrong(folding, seed)


def test_every_rule_has_a_seed() -> None:
    assert FOUND.keys() == RULES.keys()


def search(folding: Folding) -> Iterator[tuple[int, str]]:
    """Seeds that go wrong, among the first ones or, if none does, further on."""
    found = False
    for seed in count():
        if seed >= (SEARCHED if found else MOST_SEARCHED):
            return
        if told := what_is_wrong(folding, seed):
            found = True
            yield seed, told


@pytest.mark.long
@pytest.mark.timeout(7_200)
def test_a_search_finds_what_each_rule_prevents(
    folding: Folding, record_property: Callable[[str, object], None]
) -> None:
    table = [("rule off", f"wrong of the first {SEARCHED}", "first seed", "what goes wrong there")]
    for rule, switch_off in RULES.items():
        with pytest.MonkeyPatch.context() as patch:
            switch_off(patch)
            wrong = list(search(folding))
        seed, told = wrong[0] if wrong else (-1, "nothing was found")
        among = sum(at < SEARCHED for at, _ in wrong)
        table.append((rule, str(among), str(seed), told.replace("\n", " ")[:100]))
    record_property("printed", "\n".join("| " + " | ".join(row) + " |" for row in table))
    assert all(seed != "-1" for _, _, seed, _ in table)
