"""What a shard counts of persons is what a recount of the facts gives, in whatever order."""

import random
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import DAY, MINUTE, Calendar
from streams.persons.facts import Facts, Message, Section, StoredFacts
from streams.persons.shard import Shard
from tests.simulation.persons.world import counted
from tests.simulation.source import Row
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Said, sheets

STATE = "made up"
PARIS = ZoneInfo("Europe/Paris")
ZONES = [PARIS, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]
STARTS = [moment("2026-03-27T12:00Z"), moment("2026-10-31T12:00Z"), moment("2026-06-01T00:00Z")]
LABELS = {
    "active": [""],
    "used": ["export", "search"],
    "bought": ["EUR", "USD"],
    "nps": ["0", "9", "10"],
    "csat": ["1", "5"],
    "payment": ["paid", "failed"],
    "subscription": ["", "pro", "starter"],
    "declared": [""],
}
TIMES = {"active": MINUTE, "used": MINUTE, "bought": MINUTE}
"""Some facts are told by the minute."""


def fact(name: str, persons: range, most: int) -> st.SearchStrategy[Said]:
    unit = TIMES.get(name, DAY // 5)  # so that some of the others come in the same millisecond
    times = st.integers(0, most // unit).map(lambda number: number * unit)
    who = st.integers(persons.start, persons.stop - 1)
    return st.builds(Said, who, st.just(name), st.sampled_from(LABELS[name]), times)


SAID = st.lists(st.one_of([fact(name, range(-3, 4), 70 * DAY) for name in LABELS]), max_size=40)
CLOSE = st.lists(fact("active", range(1, 3), 300 * MINUTE), max_size=40)


def facts(said: Sequence[Said]) -> list[StoredFacts]:
    """Facts by name and label, as a section has them."""
    found: dict[tuple[str, str], list[Said]] = {}
    for one in said:
        found.setdefault((one.name, one.label), []).append(one)
    return [
        StoredFacts.of(
            Facts(
                *name,
                np.array([one.person for one in some], np.int64),
                np.array([one.time for one in some], np.int64),
            )
        )
        for name, some in found.items()
    ]


def section(begin: int, end: int, said: Sequence[Said] = (), **more: int) -> Section:
    """A section of partition 0."""
    more = {"partition": 0, "watermark": 0} | more
    return Section(begin=begin, end=end, facts=facts(said), **more)


def row(offset: int, *sections: Section, state: str = STATE, partitions: int = 1) -> Row:
    """A record of the facts topic."""
    return Row(offset, 0, Message(state, 0, partitions, list(sections)).encode())


def rows(said: Sequence[Said], rng: random.Random) -> list[Row]:
    """Records that tell of facts, a few at a time."""
    found: list[Row] = []
    at = 0
    while at < len(said):
        end = min(len(said), at + rng.randint(1, 7))
        found.append(row(len(found), section(at, end, said[at:end])))
        at = end
    return found


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("start", STARTS)
@given(said=st.one_of(SAID, CLOSE), seed=st.integers())
def test_a_shard_counts_what_a_recount_gives(
    zone: ZoneInfo, start: int, said: list[Said], seed: int
) -> None:
    said = [one._replace(time=start + one.time) for one in said]
    shard = Shard(Calendar(zone), STATE)
    shard.fold(rows(said, random.Random(seed)))
    assert counted(shard) == sheets(said, zone)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@given(said=SAID, seed=st.integers())
def test_facts_that_are_told_again_change_nothing(
    zone: ZoneInfo, said: list[Said], seed: int
) -> None:
    said = [one._replace(time=STARTS[0] + one.time) for one in said]
    rng = random.Random(seed)
    shard, again = (Shard(Calendar(zone), STATE) for _ in range(2))
    shard.fold(rows(said, rng))
    again.fold(rows(rng.sample(said * 2, 2 * len(said)), rng))
    assert counted(again) == counted(shard)
