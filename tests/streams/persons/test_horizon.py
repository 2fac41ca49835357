"""What can still happen in a source partition holds back what a shard lets go of."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from streams.panes import DAY, GRACE, HOUR, NO_WATERMARK, SECOND, Calendar
from streams.persons.facts import Section
from streams.persons.heard import QUIET
from streams.persons.shard import Shard
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Said
from tests.streams.persons.test_shard import STATE, row, section

BEGIN = moment("2026-06-01T00:00Z")
TOLD = 1_800_000_000_000
"""Wall clock."""
SILENT, BUSY = 0, 1


def silent(
    begin: int, end: int, said: tuple[Said, ...] = (), *, seen_end_ago: int = 0, safe: int = 0
) -> Section:
    """A section of a partition whose time stands still."""
    seen = {"told_at": TOLD, "caught_up_at": TOLD - seen_end_ago}
    return section(begin, end, said, partition=SILENT, watermark=BEGIN, safe=safe, **seen)


def busy(day: int) -> Section:
    """A section of a partition that reads a day more with each."""
    time = BEGIN + day * DAY
    return section(day, day + 1, partition=BUSY, watermark=time, told_at=TOLD, caught_up_at=TOLD)


class Told:
    """A shard that is told of both partitions."""

    def __init__(self) -> None:
        self.shard = Shard(Calendar(ZoneInfo("UTC")), STATE)
        self.tell(silent(0, 0))

    def tell(self, *sections: Section) -> None:
        self.shard.fold([row(self.shard.offset, *sections, partitions=2)])


def test_of_a_partition_that_nobody_reads_any_more_nothing_comes_too_late() -> None:
    # A worker was killed while another one replayed ten days: its partitions had been read to
    # their end when it last told, and what they held since then was thrown away as too late.
    told = Told()
    for day in range(10):
        told.tell(busy(day))
    told.tell(silent(0, 1, (Said(7, "active", "", BEGIN + HOUR),)))
    assert told.shard.too_late == 0
    assert not told.shard.losses.known
    assert told.shard.people.population.size == 1


@pytest.mark.parametrize("seen_end_ago", [5_000, TOLD])
def test_a_partition_that_is_behind_holds_the_horizon_back(seen_end_ago: int) -> None:
    told = Told()
    for day in range(10):
        told.tell(busy(day), silent(0, 0, seen_end_ago=seen_end_ago))
    assert told.shard.horizon == BEGIN - GRACE


def test_a_quiet_partition_holds_it_back_for_a_day_only() -> None:
    told = Told()
    for day in range(10):
        told.tell(busy(day))
        told.tell(silent(0, 0))
    assert told.shard.horizon == BEGIN + 9 * DAY - QUIET - GRACE
    told.tell(silent(0, 1, (Said(7, "active", "", BEGIN + HOUR),)))
    assert told.shard.too_late == 1


def test_what_is_told_again_beyond_the_horizon_is_no_loss() -> None:
    # A worker was killed before its first checkpoint, having told 36 days of history: who went on
    # told them again, with what had come since, and each fact of them counted as lost.
    shard = Shard(Calendar(ZoneInfo("UTC")), STATE)
    history = [Said(7, "active", "", BEGIN + day * DAY) for day in range(36)]
    shard.fold([row(0, section(0, 36, history, watermark=BEGIN + 35 * DAY))])
    again = [*history, Said(8, "active", "", BEGIN + 35 * DAY)]
    shard.fold([row(1, section(0, 37, again, watermark=BEGIN + 35 * DAY))])
    assert shard.horizon == BEGIN + 34 * DAY
    assert (shard.too_late, shard.losses.units, shard.people.population.size) == (0, 0, 2)


def test_what_is_new_in_a_section_that_tells_again_and_too_late_is_declared() -> None:
    told = Told()
    told.tell(silent(0, 1, (Said(7, "active", "", BEGIN),)))
    told.tell(silent(1, 1, safe=1))
    for day in range(10):
        told.tell(busy(day))
    told.tell(silent(1, 1, safe=1))
    told.tell(silent(0, 2, (Said(8, "active", "", BEGIN + HOUR),)))
    assert (told.shard.too_late, told.shard.losses.units) == (1, 1)


def test_a_partition_is_quiet_only_once_what_it_told_is_safe() -> None:
    # Until then it may be told again, together with what is new.
    told = Told()
    first = Said(7, "active", "", BEGIN)
    told.tell(silent(0, 1, (first,)))
    for day in range(10):
        told.tell(busy(day))
        told.tell(silent(1, 1, safe=0))
    told.tell(silent(0, 2, (first, Said(8, "active", "", BEGIN + HOUR))))
    assert (told.shard.too_late, told.shard.people.population.size) == (0, 2)


def test_a_minute_that_reaches_into_the_grace_is_on_time() -> None:
    # The source took the event, 24 h before the watermark to the second; it is told by its minute.
    shard = Shard(Calendar(ZoneInfo("UTC")), STATE)
    shard.fold([row(0, section(0, 64, watermark=BEGIN + DAY + 30 * SECOND))])
    on_the_edge = [Said(7, "active", "", BEGIN)]
    shard.fold([row(1, section(64, 65, on_the_edge, watermark=BEGIN + DAY + 30 * SECOND))])
    assert (shard.too_late, shard.people.population.size) == (0, 1)


def test_nothing_is_let_go_of_before_every_partition_was_heard() -> None:
    told = Told()
    assert told.shard.horizon == NO_WATERMARK
