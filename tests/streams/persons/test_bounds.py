"""What a shard takes stays within bounds, whatever clocks, people and labels do."""

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from streams.panes import DAY, MINUTE, Calendar
from streams.persons import snapshot
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from tests.simulation.persons.world import counted
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Said, sheets
from tests.streams.persons.test_cuts import recovered
from tests.streams.persons.test_shard import STATE, row, section

ZONE = ZoneInfo("UTC")
NOON = moment("2026-06-01T12:00Z")


def told(*said: Said) -> Shard:
    shard = Shard(Calendar(ZONE), STATE)
    shard.fold([row(0, section(0, 1, said))])
    return shard


def test_one_clock_that_is_far_ahead_adds_its_own_days_only() -> None:
    ahead = moment("2099-12-31T12:00Z")
    shard = told(Said(1, "active", "", NOON), Said(2, "active", "", ahead))
    assert counted(shard) == sheets(
        [Said(1, "active", "", NOON), Said(2, "active", "", ahead)], ZONE
    )
    marks = shard.people.marks["active"]
    days = np.array([NOON // DAY, ahead // DAY]) + 719_163
    assert len(marks._span(np.array([0, 1]), days)) == 2 * 31


@pytest.mark.parametrize("name", ["payment", "nps", "subscription"])
def test_of_a_person_who_says_the_same_all_day_the_last_and_the_first_are_kept(name: str) -> None:
    label = {"payment": "paid", "nps": "9", "subscription": "pro"}[name]
    said = [Said(1, name, label, NOON + second * 1000) for second in range(3_000)]
    shard = told(*said)
    assert len(shard.people.registers[name].entries.rows) <= 2
    assert counted(shard) == sheets(said, ZONE)
    shard.fold([row(1, section(1, 2, said[:10]))])  # told again
    assert counted(shard) == sheets(said, ZONE)


def test_no_part_of_a_snapshot_outgrows_a_record(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "PART_BYTES", 2_000)
    said = [
        Said(person, "used", f"feature {person}", NOON + day * DAY)
        for day in range(20)
        for person in range(20)
    ]
    said += [Said(person, "active", "", NOON + person * MINUTE) for person in range(500)]
    shard = told(*said)
    parts, _ = rows_of(shard)
    assert max(len(raw or b"") for _, raw in parts) < 5_000
    assert counted(recovered(shard)) == counted(shard)
