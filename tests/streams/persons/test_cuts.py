"""However a log of facts is cut, and wherever a shard is recovered, it becomes the same."""

import random
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from streams.panes import DAY, HOUR, MINUTE, Calendar
from streams.persons import people
from streams.persons.facts import Section
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.rows import Rows, row_name
from tests.simulation.source import Row
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Said
from tests.streams.persons.test_shard import LABELS, STATE, TIMES, row, section

CALENDAR = Calendar(ZoneInfo("Europe/Paris"))
START = moment("2026-03-20T12:00Z")
PARTITIONS = 2


def log(rng: random.Random, count: int = 60) -> Iterator[Row]:
    """What two partitions tell over some weeks, now and then late or of a year ahead."""
    ends, watermarks = [0] * PARTITIONS, [START] * PARTITIONS
    for offset in range(count):
        number = rng.randrange(PARTITIONS)
        now = watermarks[number] = watermarks[number] + rng.randrange(2 * DAY)
        said = [_said(rng, now) for _ in range(rng.randrange(8))]
        caught_up_at = now if rng.random() < 0.7 else 0
        begin, ends[number] = ends[number], ends[number] + 10
        clocks = {"caught_up_at": caught_up_at, "told_at": now}
        told = section(begin, ends[number], said, partition=number, watermark=now, **clocks)
        yield row(offset, told, partitions=PARTITIONS)


def _said(rng: random.Random, now: int) -> Said:
    name = rng.choice(list(LABELS))
    time = now - rng.randrange(rng.choice([1, HOUR, 23 * HOUR]))
    if name in ("subscription", "declared"):
        time -= rng.choice([0, 0, 100 * DAY])
    if rng.random() < 0.02:
        time += 365 * DAY
    time -= time % TIMES.get(name, 1)
    return Said(rng.randrange(-5, 5), name, rng.choice(LABELS[name]), time)


def fold(rows: list[Row], rng: random.Random, longest: int, stored: float = 0) -> Shard:
    """Fold a log in cuts, and go on now and then from what is stored."""
    shard = Shard(CALENDAR, STATE)
    while rows:
        end = rng.randint(1, longest)
        shard.fold(rows[:end])
        rows = rows[end:]
        if rng.random() < stored:
            shard = recovered(shard)
    return shard


def recovered(shard: Shard) -> Shard:
    rows = Rows()
    for part in rows_of(shard):
        for name, raw in part:
            rows.take(row_name(0, name), raw)
    return recover(CALENDAR, rows, 0, STATE).partition


@pytest.mark.parametrize("seed", range(4))
def test_cuts_and_recoveries_change_nothing(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    rows = list(log(rng))
    truth = rows_of(fold(rows, rng, 1))
    assert rows_of(fold(rows, rng, 5)) == truth
    assert rows_of(fold(rows, rng, 4, 0.3)) == truth
    monkeypatch.setattr(people, "MOST_AT_ONCE", 2)
    assert rows_of(fold(rows, rng, len(rows))) == truth


def test_old_sheets_are_let_go_of_whatever_the_cuts() -> None:
    """A partition that lags holds the horizon back, and not what is kept of minutes.

    |-- both --|-- one is 4 h ahead
    """
    far = START + 4 * HOUR
    rows = [
        row(0, _at(0, START, 0), _at(1, START, 0), partitions=2),
        row(1, _at(0, START + HOUR, 1), _at(1, START + MINUTE, 1), partitions=2),
        row(2, _at(0, far, 2), partitions=2),
    ]
    shard, again = Shard(CALENDAR, STATE), Shard(CALENDAR, STATE)
    shard.fold(rows)
    for one in rows:
        again.fold([one])
    assert shard.everything() == again.everything()
    assert f"minute/{START}" not in shard.everything()


def _at(number: int, watermark: int, begin: int) -> Section:
    said = [Said(number, "active", "", watermark)]
    return section(begin, begin + 1, said, partition=number, watermark=watermark, told_at=1 << 50)
