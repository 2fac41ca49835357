"""Shards of a replay: made without a topic, and such that what workers tell goes on from them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agents.rereading_persons import RereadingPersons
from streams.panes import MINUTE
from streams.partition import Partition
from streams.persons.facts import Message
from streams.persons.recovery import recover
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.recovery import ForeignGeneration
from streams.rows import Rows, row_name, switch_to
from tests.agents.made_up import GENERATION, SETTINGS, TIME, new_partition, records

LINEAGE, PARTITIONS, SHARDS = 3, 2, 3
CALENDAR = SETTINGS.folding.calendar
PERSONS = (
    b'{"type": "page", "messageId": "%d", "userId": "u%d", "timestamp": "2026-01-01T00:00:00Z"}'
)
CROSSING = Crossing(GENERATION, LINEAGE, PARTITIONS, SHARDS)
ENDS = {0: 70, 1: 80, 2: 90}
"""Where the facts topic ends: what was told in other histories of the state."""


def persons() -> RereadingPersons:
    return RereadingPersons(SETTINGS, CROSSING)


def partitions(*sizes: int, start: int = 0) -> dict[int, Partition]:
    """Partitions with so many records of a person each, the same persons in all."""
    found = {number: new_partition(start) for number in range(len(sizes))}
    for number, size in enumerate(sizes):
        found[number].fold(records(start, size, PERSONS))
    return found


def counted(shards: Iterable[Shard]) -> list[tuple[int, dict[str, bytes]]]:
    return [(shard.people.population.size, shard.everything()) for shard in shards]


def stored(made: RereadingPersons, number: int) -> Rows:
    """The changelog of a shard after a replay has stored and switched."""
    rows = Rows()
    for shard, stages in made.store(ENDS):
        for name, raw in (row for stage in stages for row in stage if shard == number):
            rows.take(row_name(LINEAGE, name), raw)
    rows.take("lineage", switch_to(LINEAGE))
    return rows


def test_everybody_is_in_one_shard_and_counts_once_for_all_partitions() -> None:
    made = persons()
    made.take(partitions(50, 80), {0: TIME, 1: TIME})
    assert sum(shard.people.population.size for shard in made.shards.values()) == 80
    (day,) = CALENDAR.days_back(TIME, 1)
    sheets = [shard.people.sheets.held[day] for shard in made.shards.values()]
    assert sum(sheet["active"]["1",] for sheet in sheets) == 80
    assert sum(sheet["lifecycle"]["new",] for sheet in sheets) == 80


def test_it_does_not_matter_how_often_they_are_told() -> None:
    once, often, sizes = persons(), persons(), (60, 40)
    once.take(partitions(*sizes), {})
    held = partitions(0, 0)
    for begin in range(0, 60, 20):
        held[0].fold(records(begin, 20, PERSONS))
        held[1].fold(records(begin, min(20, 40 - begin), PERSONS) if begin < 40 else [])
        often.take(held, {})
    assert counted(once.shards.values()) == counted(often.shards.values())


def test_a_shard_is_not_shown_before_it_was_told_of_every_partition() -> None:
    made, held = persons(), partitions(10, 10)
    made.take({0: held[0]}, {0: TIME})
    assert made.progress(1, 0) is None
    made.take({1: held[1]}, {1: TIME})
    told = made.progress(1, TIME)
    assert told is not None
    assert (told.partition, told.checkpoint_at) == (1, TIME)


@pytest.mark.parametrize("number", range(SHARDS))
def test_a_worker_recovers_a_shard_at_the_end_of_the_facts_and_goes_on_with_what_follows(
    number: int,
) -> None:
    made, held = persons(), partitions(50, 30)
    made.take(held, {0: TIME, 1: TIME})
    found = recover(CALENDAR, stored(made, number), 0, GENERATION)
    shard = found.partition
    assert (found.lost, shard.offset, shard.lineage) == ([], ENDS[number], LINEAGE)
    assert counted([shard]) == counted([made.shards[number]])
    for partition in held.values():
        partition.fold(records(partition.offset, 20, PERSONS))
    told = [
        (n, part.take_told(), Teller(part.manifest_offset, TIME, TIME)) for n, part in held.items()
    ]
    message = CROSSING.messages([(n, one, teller) for n, one, teller in told if one])[number]
    shard.take(message, TIME + MINUTE)
    assert shard.unheard == 0
    assert {n: heard.end for n, heard in shard.heard.items()} == {0: 70, 1: 50}
    assert not shard.losses.known


def test_what_workers_tell_of_the_history_before_does_not_count() -> None:
    made, held = persons(), partitions(10, 10)
    made.take(held, {})
    shard = recover(CALENDAR, stored(made, 0), 0, GENERATION).partition
    before = counted([shard])
    told = partitions(90, 90)
    old = Crossing(GENERATION, LINEAGE - 1, PARTITIONS, SHARDS)
    found = [(n, part.take_told(), Teller(0, TIME, TIME)) for n, part in told.items()]
    message: Message = old.messages([(n, one, teller) for n, one, teller in found if one])[0]
    shard.take(message, TIME)
    assert counted([shard]) == before


def test_until_a_history_counts_its_shards_are_not_taken() -> None:
    made = persons()
    made.take(partitions(10, 10), {})
    rows = stored(made, 0)
    rows.held.pop("lineage", None)
    early = Rows()
    for name, row in rows.held.items():
        early.take(name, row.raw)
    assert recover(CALENDAR, early, 0, GENERATION).partition.people.population.size == 0


def test_shards_made_with_other_settings_are_refused() -> None:
    made = persons()
    made.take(partitions(10, 10), {})
    with pytest.raises(ForeignGeneration, match="the stored state is of generation"):
        recover(CALENDAR, stored(made, 0), 0, "another")
