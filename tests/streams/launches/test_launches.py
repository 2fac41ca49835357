"""Launches as they are said on the topic: folded once, the same in any order that is possible."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.generation import generation
from streams.launches.launch import MOST_SHOWN, SHOWN_DAYS, Launch, found, shown
from streams.launches.reader import MOST_ASKED, MOST_CHARACTERS
from streams.launches.said import LAST_SAID, MOST_KEPT, Ended, Said, Started
from streams.panes import LIFETIME
from streams.partition import Partition
from streams.published import Published
from streams.values import MAX_LABEL_CHARACTERS
from tests.streams.made_up import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Row,
    a_folding,
    body,
    fold,
    iso,
    moment,
    published,
    random_sizes,
    recovered,
    writes,
)

START = moment("2026-10-24T20:00+02:00")
NAMES = ("New pricing", "Dark mode", "Über")


def said(number: int, event: str, time: int, **properties: Any) -> Row:
    value = body(event, message_id=f"m{number}", time=time, properties=properties)
    return Row(number, max(time, START), value)


def start(number: int, name: Any = "New pricing", time: int = START, **more: Any) -> Row:
    return said(number, "Launch Started", time, name=name, **more)


def end(number: int, name: Any = "New pricing", time: int = START, **more: Any) -> Row:
    return said(number, "Launch Ended", time, name=name, **more)


def known(*rows: Row, files: dict[str, str] | None = None) -> list[Launch]:
    partition = fold(Partition(a_folding(files)), rows)
    return found(partition.folding, [published(partition)])


def skipped(*rows: Row) -> dict[str, int]:
    partition = fold(Partition(a_folding()), rows)
    told = partition.units.held[LIFETIME].state.get("skipped", {})
    return {reason: count for (of, reason), count in told.items() if of == "launches"}


def a_log(seed: int, count: int = 240) -> list[Row]:
    """Launch events among others, out of order by minutes."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        time = START + number * MINUTE - rng.randrange(30) * MINUTE
        if rng.random() < 0.5:
            rows.append(said(number, "Order Completed", time, name="no launch", revenue=1))
            continue
        name = rng.choice(NAMES) if rng.random() < 0.5 else f"launch {rng.randrange(150)}"
        at = {"at": iso(time - rng.randrange(5) * HOUR)} if rng.random() < 0.3 else {}
        say = rng.choice((start, end))
        rows.append(say(number, name, time, metrics=rng.choice(["revenue", None]), **at))
    return rows


def test_a_launch_has_what_its_events_say() -> None:
    first = start(
        0,
        metrics=["conversions", 'windowed_page_views{page="Home"}'],
        guardrails=["cancellations"],
        split="variant",
    )
    expected = Launch(
        "New pricing",
        START,
        None,
        ("conversions", 'windowed_page_views{page="Home"}'),
        ("cancellations",),
        "variant",
    )
    assert known(first) == [expected]
    over = end(1, time=START + HOUR)
    assert known(first, over) == [expected._replace(end=START + HOUR)]


def test_one_metric_may_be_a_text_and_under_the_name_of_one() -> None:
    [launch] = known(start(0, metric="conversions", guardrail="cancellations"))
    assert (launch.metrics, launch.guardrails) == (("conversions",), ("cancellations",))


def test_another_time_than_that_of_the_event_may_be_told() -> None:
    [launch] = known(
        start(0, at="2026-10-01T08:00:00+02:00"),
        end(1, time=START + 5, at="2026-10-02T08:00:00Z"),
    )
    assert launch.start == moment("2026-10-01T08:00+02:00")
    assert launch.end == moment("2026-10-02T08:00+00:00")


def test_what_was_said_last_holds() -> None:
    """
    event time   0      1      2        3
    start     wrong          right
    end              before        after the launch had begun anew
    """
    rows = [
        start(0, time=START, metric="shares"),
        end(1, time=START + 1),
        start(2, time=START + 2, metric="revenue"),
        end(3, time=START + 3),
    ]
    assert [one.metrics for one in known(*rows[:3])] == [("revenue",)]
    assert [one.end for one in known(*rows[:3])] == [None]
    for order in (rows, rows[::-1]):
        [launch] = known(*(row._replace(offset=n) for n, row in enumerate(order)))
        assert (launch.start, launch.end) == (START + 2, START + 3)


def test_an_end_without_a_start_is_no_launch_until_the_start_is_known() -> None:
    assert known(end(0, time=START + HOUR)) == []
    [launch] = known(end(0, time=START + HOUR), start(1))
    assert launch.end == START + HOUR


def test_a_repeated_event_changes_nothing() -> None:
    partition = fold(Partition(a_folding()), [start(0), start(0)._replace(offset=1)])
    assert partition.units.held[LIFETIME].state["outcomes"]["duplicate",] == 1
    assert len(found(partition.folding, [published(partition)])) == 1


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_any_batches_and_stops_give_the_same_launches(seed: int) -> None:
    rng, rows = random.Random(seed), a_log(seed)
    whole = fold(Partition(a_folding()), rows)
    cut = fold(Partition(a_folding()), rows, random_sizes(rng, len(rows)))
    assert cut.canonical() == whole.canonical()
    stopped, written = Partition(a_folding()), []
    for stop in sorted(rng.sample(range(len(rows)), 2)):
        fold(stopped, rows[:stop])
        written += writes(stopped.snapshot())
        stopped = recovered(a_folding(), written).partition
    assert fold(stopped, rows).canonical() == whole.canonical()


@given(st.lists(st.lists(st.integers(0, 40), max_size=12), min_size=2, max_size=4), st.randoms())
def test_the_order_of_partitions_changes_nothing(
    times: list[list[int]], rng: random.Random
) -> None:
    folding, held = a_folding(), []
    for number, of_one in enumerate(times):
        rows = [
            (start if time % 2 else end)(n, NAMES[time % 3], START + time * SECOND)
            for n, time in enumerate(of_one)
        ]
        held.append(published(fold(Partition(folding), rows), number=number))
    expected = found(folding, held)
    rng.shuffle(held)
    assert found(folding, held) == expected


@given(
    st.lists(st.builds(Said, st.none() | st.builds(Started, st.integers(0, 3), st.integers(0, 3))))
)
def test_merging_is_adding_in_any_order(all_said: list[Said]) -> None:
    state = LAST_SAID.initialize()
    for one in all_said:
        state = LAST_SAID.add(state, one)
    assert LAST_SAID.merge(all_said[::-1]) == state


def test_a_partition_forgets_the_launch_of_which_nothing_was_said_for_longest() -> None:
    rows = [start(n, f"launch {n:03}", START + n) for n in range(MOST_KEPT)]
    rows += [end(MOST_KEPT, "launch 000", START + MOST_KEPT)]
    rows += [start(MOST_KEPT + 1, "one more", START + MOST_KEPT + 1)]
    names = [launch.name for launch in known(*rows)]
    assert len(names) == MOST_KEPT
    assert "launch 000" in names
    assert "launch 001" not in names
    assert names[-1] == "one more"


def test_of_several_said_at_once_the_same_one_is_forgotten_after_a_stop() -> None:
    rows = [start(n, f"launch {-n % 103:03}", START) for n in range(MOST_KEPT + 2)]
    whole = fold(Partition(a_folding()), rows)
    before = fold(Partition(a_folding()), rows[:60])
    resumed = recovered(a_folding(), writes(before.snapshot())).partition
    assert fold(resumed, rows).canonical() == whole.canonical()


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "no_name"),
        ({"name": None}, "no_name"),
        ({"name": " \x00"}, "no_name"),
        ({"name": ["New pricing"]}, "no_name"),
        ({"name": True}, "no_name"),
        ({"name": "x", "at": "yesterday"}, "bad_time"),
        ({"name": "x", "at": "2026-10-24T20:00:00"}, "bad_time"),
        ({"name": "x", "at": "1999-12-31T00:00:00Z"}, "bad_time"),
        ({"name": "x", "at": 1_790_000_000}, "bad_time"),
        ({"name": "x", "at": iso(START + 11 * MINUTE)}, "future"),
    ],
)
def test_an_event_that_cannot_be_used_says_nothing_and_is_counted(
    properties: dict[str, Any], reason: str
) -> None:
    for event in ("Launch Started", "Launch Ended"):
        row = said(0, event, START, **properties)
        assert skipped(row) == {reason: 1}
        assert known(start(1, "another"), row._replace(offset=2)) == known(start(1, "another"))


@pytest.mark.parametrize(
    ("metrics", "kept", "reason"),
    [
        (["revenue", 5], ("revenue",), "not_text"),
        ({"a": 1}, (), "not_text"),
        (["  ", "revenue"], ("revenue",), "not_text"),
        (["a\nb"], (), "not_text"),
        (["x" * (MOST_CHARACTERS + 1)], (), "too_long"),
        ([f"m{n}" for n in range(MOST_ASKED + 1)], tuple(f"m{n}" for n in range(10)), "too_many"),
    ],
)
def test_a_metric_that_cannot_be_one_is_left_out_of_the_launch_and_counted(
    metrics: Any, kept: tuple[str, ...], reason: str
) -> None:
    row = start(0, metrics=metrics)
    assert skipped(row) == {reason: 1}
    assert [launch.metrics for launch in known(row)] == [kept]


def test_a_name_is_cleaned_as_labels_are() -> None:
    [launch] = known(start(0, "  Pri\x00cing " + "x" * 200))
    assert launch.name == ("Pricing " + "x" * 200)[:MAX_LABEL_CHARACTERS]


def test_other_events_may_tell_of_launches() -> None:
    mine = '[launches]\nstarted = "Flag On"\nname = "flag"'
    row = said(0, "Flag On", START, flag="dark", metrics="revenue")
    assert known(row, start(1), files={"mine.toml": mine}) == [
        Launch("dark", START, None, ("revenue",))
    ]


def test_a_record_in_which_the_paths_lead_nowhere_says_nothing_and_is_counted() -> None:
    folding = a_folding({"mine.toml": '[launches]\nname = "launch.name"'})
    rows = [
        said(0, "Launch Started", START, launch="New pricing"),
        said(1, "Launch Started", START, launch=None),
        said(2, "Launch Started", START, launch={"name": "New pricing"}),
    ]
    partition = fold(Partition(folding), rows)
    state = partition.units.held[LIFETIME].state
    assert state["outcomes"] == {("accepted",): 3}
    assert state["skipped"] == {("launches", "wrong_type"): 1, ("launches", "no_name"): 1}
    assert [one.name for one in found(folding, [published(partition)])] == ["New pricing"]


def test_other_events_begin_launches_anew_and_leave_everything_else_alone() -> None:
    before, rows = a_folding(), a_log(1)
    after = a_folding({"mine.toml": '[launches]\nended = "Flag Off"'})
    assert generation(after, "topic") == generation(before, "topic")
    assert after.fingerprint == before.fingerprint
    whole = fold(Partition(before), rows)
    resumed = recovered(after, writes(whole.snapshot())).partition
    state = {pane: dict(unit.state) for pane, unit in resumed.units.held.items()}
    expected = {pane: dict(unit.state) for pane, unit in whole.units.held.items()}
    assert expected[LIFETIME].pop(before.launches.fold_id)
    assert after.launches.fold_id not in state[LIFETIME]
    assert state[LIFETIME]["outcomes"] == expected[LIFETIME]["outcomes"]
    assert state.keys() == expected.keys()


def test_only_the_records_of_launches_are_read_for_what_they_say() -> None:
    catalogue = a_folding().catalogue
    assert "properties.at" in catalogue.launches.paths
    assert not {"properties.at", "properties.metrics", "properties.split"} & {*catalogue.paths()}


def test_those_that_go_on_or_ended_lately_are_shown() -> None:
    now = START + 100 * DAY
    old = Launch("old", START, now - SHOWN_DAYS * DAY)
    late = Launch("late", START, now - SHOWN_DAYS * DAY + 1)
    assert shown([old, late], now) == [late]
    going_on = [Launch(f"{n}", START + n, None) for n in range(MOST_SHOWN + 1)]
    assert shown(going_on, now) == going_on[1:]


@pytest.mark.parametrize("raw", [7, b"", b"\xc0", LAST_SAID.store(Said()), b"\x92\x93\x01\x02\x03"])
def test_what_was_damaged_is_not_taken_for_a_launch(raw: Any) -> None:
    with pytest.raises(ValueError, match="launch"):
        LAST_SAID.load(raw)


def test_what_is_stored_is_what_is_loaded() -> None:
    one = Said(Started(1, 2, ("a",), (), "x"), Ended(3, 4))
    assert LAST_SAID.load(LAST_SAID.store(one)) == one


def test_a_partition_without_records_knows_no_launch() -> None:
    folding = a_folding()
    assert found(folding, [Published(published(Partition(folding)).progress)]) == []
