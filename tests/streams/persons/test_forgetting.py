"""Whoever is forgotten is somebody else afterwards: nothing is kept, what was counted stays."""

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.panes import DAY, GRACE, HOUR, LIFETIME, MINUTE, Calendar
from streams.persons import forgetting
from streams.persons.names import HEALTH, SUBSCRIBED, UNKNOWN
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.rows import Rows
from tests.simulation.persons.world import counted
from tests.simulation.source import Row
from tests.streams.made_up import moment
from tests.streams.persons.by_hand import Said, day_of, sheets
from tests.streams.persons.test_shard import LABELS, STARTS, STATE, ZONES, fact, row, rows, section

UTC = ZoneInfo("UTC")
DAYS = 70
NAMES = [name for name in LABELS if name != "declared"]
PERSONS = range(-3, 4)
FORGET = st.builds(
    Said, st.sampled_from(PERSONS), st.just("forgotten"), st.just(""), st.integers(0, DAYS * DAY)
)
SAID = st.lists(
    st.one_of(*(fact(name, PERSONS, DAYS * DAY) for name in NAMES), FORGET), max_size=40
)

Tell = Callable[[Sequence[Said], random.Random], list[Row]]


def at_once(said: Sequence[Said], rng: random.Random) -> list[Row]:
    """Everything in any order, and only then that time has passed."""
    found = rows(rng.sample(said, len(said)), rng)
    return [*found, passed(said, len(found))]


def day_by_day(said: Sequence[Said], _: random.Random) -> list[Row]:
    """Everything when it happens."""
    in_order = sorted(said, key=lambda one: one.time)
    found = [
        row(
            n, section(n, n + 1, [one], watermark=one.time, told_at=one.time, caught_up_at=one.time)
        )
        for n, one in enumerate(in_order)
    ]
    return [*found, passed(said, len(found))]


def passed(said: Sequence[Said], number: int) -> Row:
    """That time has come so far that nothing of all that can come any more."""
    latest = max((one.time for one in said), default=0) + GRACE + DAY + HOUR
    return row(number, section(len(said), len(said), watermark=latest, safe=len(said)))


def fold(told: Sequence[Row], zone: ZoneInfo) -> Shard:
    shard = Shard(Calendar(zone), STATE)
    for one in told:
        shard.fold([one])
    return shard


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize(("tell", "most"), [(at_once, 1), (at_once, 2), (day_by_day, 2_000)])
@given(said=SAID, seed=st.integers())
def test_what_is_counted_is_that_of_two_persons_however_many_are_parted_at_once(
    zone: ZoneInfo, tell: Tell, most: int, said: list[Said], seed: int
) -> None:
    said = [one._replace(time=STARTS[0] + one.time) for one in said]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(forgetting, "MOST_AT_ONCE", most)
        shard = fold(tell(said, random.Random(seed)), zone)
    ours, truth = counted(shard), sheets(said, zone)
    kept = {name for name in ours | truth if not name.startswith(("minute", "hour"))}
    assert {name: ours.get(name) for name in kept} == {name: truth.get(name) for name in kept}


@pytest.mark.parametrize("tell", [at_once, day_by_day])
@given(said=SAID, seed=st.integers())
def test_only_those_are_known_of_whom_something_was_said_since(
    tell: Tell, said: list[Said], seed: int
) -> None:
    said = [one._replace(time=STARTS[0] + one.time) for one in said]
    shard = fold(tell(said, random.Random(seed)), UTC)
    last = dict.fromkeys(PERSONS, STARTS[0])
    for one in said:
        if one.name == "forgotten":
            day = day_of(one.time, UTC) + timedelta(1)
            cut = moment(f"{day.isoformat()}T00:00Z")
            last[one.person] = max(last[one.person], cut)
    known = {one.person for one in said if one.name != "forgotten" and one.time >= last[one.person]}
    assert set(shard.people.population.hashes.tolist()) == known


@given(said=SAID, more=SAID, seed=st.integers())
def test_a_shard_that_has_forgotten_is_stored_and_goes_on(
    said: list[Said], more: list[Said], seed: int
) -> None:
    said = [one._replace(time=STARTS[0] + one.time) for one in said]
    shard = fold(at_once(said, random.Random(seed)), UTC)
    again = stored(shard)
    later = shard.heard[0].end
    for one in (shard, again):
        one.fold([row(one.offset, section(later, later + 1, _after(said, more)))])
    assert counted(again) == counted(shard)
    assert sorted(again.people.population.hashes) == sorted(shard.people.population.hashes)


def _after(said: Sequence[Said], more: Sequence[Said]) -> list[Said]:
    begin = max((one.time for one in said), default=STARTS[0]) + GRACE + DAY + HOUR
    return [one._replace(time=begin + one.time) for one in more]


def stored_rows(shard: Shard) -> list[tuple[str, bytes]]:
    """Names and bytes of a snapshot, in the order in which they are written."""
    parts, head = rows_of(shard)
    return [(name, raw) for name, raw in (*parts, *head) if raw is not None]


def stored(shard: Shard) -> Shard:
    """The same, read from its snapshot."""
    held = Rows()
    for name, raw in stored_rows(shard):
        held.take(f"0/{name}", raw)
    return recover(shard.calendar, held, 0, STATE).partition


START = moment("2026-06-10T12:00Z")


def active(person: int, day: float) -> Said:
    return Said(person, "active", "", START + round(day * DAY) // MINUTE * MINUTE)


def test_nobody_is_forgotten_before_the_day_is_over_and_nothing_of_it_can_come() -> None:
    told = [active(1, 0), Said(1, "forgotten", "", START + HOUR)]
    midnight = START + 12 * HOUR
    for late, known in ((GRACE + 29 * MINUTE, 1), (GRACE + 30 * MINUTE, 0)):
        ends = row(1, section(2, 2, watermark=midnight + late, safe=2))
        shard = fold([row(0, section(0, 2, told)), ends], UTC)
        assert shard.people.population.size == known


def test_who_is_forgotten_stays_so_when_their_subscription_is_told_again() -> None:
    # The owner of the source read days within one checkpoint, and was killed before it.
    told = [Said(1, "subscription", "pro", START), Said(1, "forgotten", "", START + HOUR)]
    days_later = START + 3 * DAY
    shard = fold([row(0, section(0, 2, told, watermark=days_later))], UTC)
    assert shard.people.waiting_to_be_forgotten == 1
    shard.fold([row(1, section(0, 3, [*told, active(2, 3)], watermark=days_later))])
    shard.fold([row(2, section(3, 3, watermark=days_later, safe=1))])
    assert shard.people.population.size == 2, "what is not safe may be told again"
    shard.fold([row(3, section(2, 3, [active(2, 3)], watermark=days_later, safe=2))])
    assert shard.people.population.hashes.tolist() == [2]
    assert shard.people.waiting_to_be_forgotten == 0


@pytest.mark.parametrize("tell", [at_once, day_by_day])
def test_who_cancels_first_of_all_after_being_forgotten_is_nobody_known(tell: Tell) -> None:
    """Also where they begin again on the same day, before they are parted from who was before."""
    said = [
        Said(1, "subscription", "pro", START),
        Said(1, "forgotten", "", START + DAY),
        Said(1, "subscription", "", START + 2 * DAY),
        Said(1, "subscription", "free", START + 2 * DAY + HOUR),
    ]
    lifetime = fold(tell(said, random.Random(1)), UTC).people.sheets.held[LIFETIME]
    assert lifetime[UNKNOWN] == {(): 1}
    assert lifetime[SUBSCRIBED] == {("free",): 1}


def test_who_is_not_known_can_be_forgotten() -> None:
    told = [Said(1, "forgotten", "", START), active(2, 0)]
    shard = fold([row(0, section(0, 2, told)), passed(told, 1)], UTC)
    assert shard.people.population.hashes.tolist() == [2]


@pytest.mark.parametrize("late", [0, 3])
def test_a_forgotten_customer_has_no_score_from_the_next_day_on(late: int) -> None:
    """Also where those days had been scored when it was told."""
    said = [
        *((0, Said(person, "subscription", "pro", START)) for person in (1, 2)),
        *((day, active(person, day)) for person in (1, 2) for day in range(4)),
        (1 + late, Said(1, "forgotten", "", START + DAY)),
    ]
    shard = Shard(Calendar(UTC), STATE)
    for day in range(6):
        now, some = START + day * DAY, [one for told, one in said if told == day]
        clocks = {"watermark": now, "told_at": now, "caught_up_at": now, "safe": day}
        shard.fold([row(day, section(day, day + 1, some, **clocks))])
    scored = [_customers(shard, day) for day in range(6)]
    # The first is forgotten with the end of day 1; day 2 begins with what was known of them.
    assert scored == [0, 2, 2, 1, 1, 1]


def _customers(shard: Shard, day: int) -> int:
    """Those who are scored at the beginning of a day."""
    number = shard.calendar.day_number(START) + day
    sheet = shard.people.sheets.held.get(shard.calendar.day_of_number(number), {})
    return sum(count for (band,), count in sheet.get(HEALTH, {}).items() if band != "scored")
