"""What a shard counts of persons is what a recount of their minutes gives, in whatever order."""

import random
from collections.abc import Sequence
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import DAY, MINUTE, Calendar
from streams.persons.facts import Message, Section
from streams.persons.shard import Shard
from tests.simulation.persons.world import counted
from tests.simulation.source import Row
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Minute, sheets

STATE = "made up"
PARIS = ZoneInfo("Europe/Paris")
ZONES = [PARIS, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kathmandu")]
STARTS = [moment("2026-03-27T12:00Z"), moment("2026-10-31T12:00Z"), moment("2026-06-01T00:00Z")]
SEEN = st.lists(
    st.builds(Minute, st.integers(-3, 3), st.integers(0, 50 * DAY // MINUTE)), max_size=40
)
CLOSE = st.lists(st.builds(Minute, st.integers(1, 2), st.integers(0, 300)), max_size=40)


def section(begin: int, end: int, seen: Sequence[Minute] = (), **more: int) -> Section:
    """A section of partition 0, at the time of its last minute."""
    more = {"partition": 0, "watermark": 0} | more
    persons = np.array([one.person for one in seen], "<i8").tobytes()
    minutes = np.array([one.minute for one in seen], "<i4").tobytes()
    return Section(begin=begin, end=end, persons=persons, minutes=minutes, **more)


def row(offset: int, *sections: Section, state: str = STATE, partitions: int = 1) -> Row:
    """A record of the facts topic."""
    return Row(offset, 0, Message(state, 0, partitions, list(sections)).encode())


def rows(seen: Sequence[Minute], rng: random.Random) -> list[Row]:
    """Records that tell of minutes, a few at a time."""
    found: list[Row] = []
    at = 0
    while at < len(seen):
        end = min(len(seen), at + rng.randint(1, 7))
        found.append(row(len(found), section(at, end, seen[at:end])))
        at = end
    return found


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("start", STARTS)
@given(seen=st.one_of(SEEN, CLOSE), seed=st.integers())
def test_a_shard_counts_what_a_recount_gives(
    zone: ZoneInfo, start: int, seen: list[Minute], seed: int
) -> None:
    seen = [Minute(person, start // MINUTE + minute) for person, minute in seen]
    shard = Shard(Calendar(zone), STATE)
    shard.fold(rows(seen, random.Random(seed)))
    assert counted(shard) == sheets(seen, zone)
