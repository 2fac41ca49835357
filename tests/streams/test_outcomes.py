"""Outcomes: exactly one a record, judged in a fixed order."""

import pytest

from streams.decoding import EARLIEST, LATEST
from streams.duplicates import Duplicates
from streams.event import Event, Rejected
from streams.outcomes import OUTCOMES, Judge, Judgement
from streams.panes import GRACE
from streams.watermark import BLOCK, Watermark
from tests.streams.made_up import DAY, HOUR, MINUTE, Row, is_bot, moment

NOW = moment("2026-03-01T12:00Z")
REJECTED = Rejected("not_json", "for a test")


def event(
    time: int | None = NOW, *, bot: bool = False, agent: str | None = None, message_id: str = "m"
) -> Event:
    return Event("page", message_id, None, "u", False, time, bot, agent, ())  # noqa: FBT003


def judge(*pairs: tuple[Event | Rejected, int], watermark: int = NOW) -> list[Judgement]:
    """Judge events of a block whose watermark is given, each with Kafka's time."""
    held = Judge(Watermark(0, watermark), Duplicates(), is_bot)
    rows = [Row(offset, timestamp, b"") for offset, (_, timestamp) in enumerate(pairs)]
    return list(held.judge(rows, [event for event, _ in pairs]))


# What is wrong with a record, from the first to be judged on; each also has everything after it.
#                       unreadable   future   bot   late   duplicate
ORDER = [
    ("dead_letter", REJECTED, NOW),
    ("future", event(NOW - 2 * DAY, bot=True), NOW - 3 * DAY),
    ("bot", event(NOW - 2 * DAY, bot=True), NOW),
    ("bot", event(NOW - 2 * DAY, agent="Googlebot/2.1"), NOW),
    ("late", event(NOW - 2 * DAY), NOW),
    ("duplicate", event(NOW), NOW),
    ("accepted", event(NOW, message_id="another"), NOW),
]


@pytest.mark.parametrize(("outcome", "read", "timestamp"), ORDER)
def test_the_first_that_applies_is_the_outcome(
    outcome: str, read: Event | Rejected, timestamp: int
) -> None:
    assert outcome in OUTCOMES
    assert judge((event(), NOW), (read, timestamp))[1][0] == outcome


@pytest.mark.parametrize(
    ("time", "outcome"),
    [(NOW + 10 * MINUTE, "accepted"), (NOW + 10 * MINUTE + 1, "future")],
)
def test_ten_minutes_ahead_of_kafka_are_allowed(time: int, outcome: str) -> None:
    assert judge((event(time), NOW)) == [(outcome, time)]


@pytest.mark.parametrize(
    ("time", "outcome"), [(NOW - GRACE, "accepted"), (NOW - GRACE - 1, "late")]
)
def test_late_is_further_back_than_the_grace(time: int, outcome: str) -> None:
    assert judge((event(time), NOW)) == [(outcome, time)]


@pytest.mark.parametrize("timestamp", [-(1 << 63), -1, 0])
def test_without_a_time_of_kafka_nothing_is_future(timestamp: int) -> None:
    assert judge((event(NOW + HOUR), timestamp)) == [("accepted", NOW + HOUR)]


def test_a_record_without_a_time_has_kafkas() -> None:
    assert judge((event(None), NOW - 5)) == [("accepted", NOW - 5)]


@pytest.mark.parametrize(
    "timestamp", [-1, 0, 1, EARLIEST - 1, LATEST, 253402300799999, (1 << 63) - 1]
)
def test_a_record_without_any_usable_time_is_a_dead_letter(timestamp: int) -> None:
    assert judge((event(None), timestamp)) == [("dead_letter", 0)]


def test_dead_future_and_bot_records_do_not_move_the_watermark() -> None:
    #  offsets 0..54: nothing that counts │ 55..63: accepted │ 64: the watermark is their time
    pairs: list[tuple[Event | Rejected, int]] = [
        (REJECTED, NOW),
        (event(NOW + DAY), NOW),
        (event(NOW + 5 * MINUTE, bot=True), NOW),
    ]
    held = Judge(Watermark(), Duplicates(), is_bot)
    rows = [Row(offset, NOW, b"") for offset in range(BLOCK + 1)]
    usable = [event(NOW, message_id=str(i)) for i in range(10)]
    events = [pair[0] for pair in pairs * 18] + usable + [event(NOW - GRACE - 1, message_id="x")]
    found = list(held.judge(rows, events))
    assert held.watermark.value == NOW
    assert [outcome for outcome, _ in found[-2:]] == ["accepted", "late"]


def test_late_and_duplicate_records_are_part_of_the_median() -> None:
    held = Judge(Watermark(0, NOW - DAY), Duplicates(), is_bot)
    rows = [Row(offset, NOW, b"") for offset in range(BLOCK + 1)]
    list(held.judge(rows, [event(NOW)] * (BLOCK + 1)))
    assert held.watermark.value == NOW


def test_a_repeated_id_counts_again_beyond_the_horizon_only() -> None:
    # block 0: watermark NOW │ block 1: NOW + 11 min (the horizon is 10)
    held = Judge(Watermark(0, NOW), Duplicates(), is_bot)
    rows = [Row(offset, NOW + HOUR, b"") for offset in range(BLOCK + 1)]
    first = [event(NOW), *[event(NOW + 11 * MINUTE)] * (BLOCK - 1)]
    outcomes = [outcome for outcome, _ in held.judge(rows, [*first, event(NOW + 11 * MINUTE)])]
    assert outcomes == ["accepted", *["duplicate"] * (BLOCK - 1), "accepted"]


def test_a_late_record_is_not_remembered_as_an_original() -> None:
    late, on_time = event(NOW - 2 * DAY), event(NOW)
    assert [outcome for outcome, _ in judge((late, NOW), (on_time, NOW))] == ["late", "accepted"]
