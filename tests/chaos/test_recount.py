"""The judge of a run counts as the product does, where nothing goes wrong."""

import random
from collections import defaultdict
from zoneinfo import ZoneInfo

import pytest

from streams import duplicates
from streams.panes import LIFETIME
from streams.partition import Partition
from streams.unit import OUTCOMES
from tests.chaos.line import TIME_ZONE
from tests.chaos.recount import MOST_IDS, OTHER, Recount, Row, exported
from tests.chaos.rules import RULES
from tests.chaos.traffic import DAY, HISTORY_DAYS, PEOPLE, TROUBLE, Echo, flood
from tests.integration.pipeline import HASH_KEY
from tests.integration.truth import State, true_state
from tidegauge.assembly import folding
from tidegauge.settings import Settings
from tidegauge.simulator.exposition import Series
from tidegauge.simulator.feed import Feed

PARTITIONS = 2
HISTORY, LIVE = 2_000, 9_000
HOUR = 3_600_000
BEGIN = 1_790_000_000_000
STEP = 300
FOLDING = folding(Settings(reporting_timezone=TIME_ZONE, person_hash_key=HASH_KEY))


def rows_of(seed: int, live: int = LIVE) -> dict[int, list[Row]]:
    """The log of a small run, with a flood of labels in the midst of it."""
    feed = Feed(PARTITIONS, ZoneInfo(TIME_ZONE), seed, TROUBLE, PEOPLE)
    found: dict[int, list[Row]] = defaultdict(list)

    def append(partition: int, time: int, value: bytes) -> None:
        found[partition].append(Row(partition, len(found[partition]), time, value))

    for record in feed.history(BEGIN - HISTORY_DAYS * DAY, BEGIN, HISTORY):
        append(record.partition, record.timestamp_ms, record.value)
    feed.begin(1000 / STEP)
    echo = Echo(random.Random(seed))
    for number in range(live):
        now = BEGIN + number * STEP
        for record in feed.records(now):
            append(record.partition, record.timestamp_ms, record.value)
            if again := echo.of(record):
                append(record.partition, record.timestamp_ms, again)
        if number == live // 2:
            for value in flood(1_500, now, random.Random(seed)):
                append(0, now, value)
    return found


@pytest.fixture(autouse=True)
def _fewer_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "MAX_IDS", MOST_IDS)


def test_what_is_forgotten_within_a_block_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    recount, rows = Recount(TIME_ZONE), rows_of(7, 3_000)[1]
    for row in rows:
        recount.take(row)
    duplicate = recount.outcomes["duplicate"]
    assert _noticed(rows) == duplicate
    RULES["blocks"](monkeypatch)
    assert _noticed(rows) < duplicate


def _noticed(rows: list[Row]) -> int:
    """Repeats that a partition notices which reads a few records at a time."""
    partition = Partition(FOLDING)
    for begin in range(0, len(rows), 5):
        partition.fold(rows[begin : begin + 5])
    noticed: int = partition.units.held[LIFETIME].state[OUTCOMES]["duplicate",]
    return noticed


def test_a_recount_is_what_partitions_count_of_a_log_with_trouble_and_a_flood() -> None:
    recount = Recount(TIME_ZONE)
    states = {}
    for number, rows in rows_of(7).items():
        partition = Partition(FOLDING)
        partition.fold(rows)
        state = states[number] = State(partition.offset, partition.watermark)
        for pane, unit in partition.units.held.items():
            state.read(unit.store(FOLDING.aggregates), str(pane), FOLDING)
        for row in rows:
            recount.take(row)
    recount.settle()
    assert min(recount.outcomes.values()) > 20
    assert len(recount.outcomes) == 6
    others = [key for key in recount.ledger.counts["lifetime"][0] if (("page", OTHER),) in key]
    assert others
    for number, state in states.items():
        true = true_state(recount.ledger, number, state.watermark)
        assert state.outcomes == true.outcomes
        assert state.reasons == true.reasons
        assert state.panes == true.panes


def test_a_window_may_name_what_the_lifetime_has_no_room_for_and_adds_up() -> None:
    recount = Recount(TIME_ZONE)
    rows = rows_of(9)[0]
    later = rows[-1].timestamp + HOUR
    more = [*flood(400, later, random.Random(1)), *flood(400, later + HOUR, random.Random(2))]
    times = [later + HOUR * (number // 400) for number in range(len(more))]
    rows += [
        Row(0, len(rows) + n, time, value)
        for n, (time, value) in enumerate(zip(times, more, strict=True))
    ]
    for row in rows:
        recount.take(row)
    recount.settle()
    shown = exported(recount.ledger.windows(later + HOUR))
    views = [value for key, value in shown.items() if is_of_hour(key)]
    assert len(views) == 101
    assert sum(views) == 400


def is_of_hour(key: tuple[str, tuple[tuple[str, str], ...]]) -> bool:
    return key[0] == "windowed_page_views" and ("window", "1h") in key[1]


def test_totals_are_told_at_any_offsets() -> None:
    recount, rows = Recount(TIME_ZONE), rows_of(8)
    for row in (row for held in rows.values() for row in held):
        recount.take(row)
    recount.settle()
    some = Recount(TIME_ZONE)
    for row in (*rows[0][:3_000], *rows[1][:2_500]):
        some.take(row)
    some.settle()
    everything = {number: len(held) for number, held in rows.items()}
    assert recount.totals_at({0: 3_000, 1: 2_500}) == some.totals_at(everything)
    assert recount.totals_at({}).total() == 0


def test_of_a_window_only_the_largest_series_are_shown() -> None:
    shown: Series = {
        ("windowed_page_views", (("page", f"p{number:03}"), ("window", "1h"))): float(number)
        for number in range(150)
    }
    kept = exported(shown)
    assert len(kept) == 101
    assert kept["windowed_page_views", (("page", OTHER), ("window", "1h"))] == sum(range(50))
    assert sum(kept.values()) == sum(shown.values())
