"""A launch by the parts of a segment, from the hours that are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from streams.folding import Folding
from streams.launches.launch import Launch
from streams.launches.split import Part, Split, segments, split
from streams.partition import Partition
from streams.published import Published
from tests.streams.made_up import DAY, HOUR, MINUTE, Row, a_folding, body, fold, moment, published

VARIANT = '[segments]\nvariant = { property = "variant", values = ["hidden", "shown"] }'
START = moment("2026-10-24T20:00Z")
NO_RATIO = "\n[metrics.conversions_per_interaction]\nenabled = false"
LAUNCH = Launch("New pricing", START, None, ('conversions{goal="order"}',), (), "variant")


@pytest.fixture(scope="module")
def folding() -> Folding:
    return a_folding({"mine.toml": VARIANT})


def rows(*events: tuple[str, str, str | None, int]) -> list[Row]:
    """Of persons, what they do, their variant, and when."""
    found = []
    for number, (person, event, variant, time) in enumerate(events):
        said: dict[str, Any] = {"properties": {"variant": variant} if variant else {}}
        value = body(event, message_id=f"m{number}", user=person, time=time, **said)
        found.append(Row(number, time, value))
    return found


def held(folding: Folding, found: list[Row], number: int = 0) -> Published:
    return published(fold(Partition(folding), found), number=number)


def asked(
    folding: Folding, partitions: list[Published], instant: int, launch: Launch = LAUNCH
) -> Split:
    found = split(folding, partitions, instant, launch)
    assert found is not None
    return found


def test_each_part_has_its_people_conversions_and_share(folding: Folding) -> None:
    """
    hours   |20           |21            |22
    shown   ada uses       ada orders 2x   bob uses
    hidden  cy uses        cy uses
    """
    events = [
        ("ada", "Feature Used", "shown", START),
        ("cy", "Feature Used", "hidden", START + MINUTE),
        ("ada", "Order Completed", "shown", START + HOUR),
        ("ada", "Order Completed", "shown", START + HOUR + 1),
        ("ada", "Signed Up", "shown", START + HOUR + 1),
        ("dee", "Order Completed", None, START + HOUR + 1),
        ("cy", "Feature Used", "hidden", START + HOUR + 2),
    ]
    later = [("bob", "Feature Used", "shown", START + 2 * HOUR), *events[:1]]
    instant = START + 3 * HOUR + MINUTE
    both = [held(folding, rows(*events)), held(folding, rows(*later), 1)]
    found = asked(folding, both, instant)
    assert (found.begin, found.end) == (START, START + 3 * HOUR)
    [(goal, [hidden, shown])] = found.goals.items()
    assert goal == "order"
    assert hidden[:4] == ("hidden", 1, 0, 0)
    assert shown[:4] == ("shown", 2, 2, 1)
    assert hidden.share is not None
    assert hidden.difference is None
    assert shown.share is not None
    assert shown.share.value == 0.5
    assert shown.difference is not None
    assert shown.difference.value == 0.5


def test_without_a_goal_that_is_asked_about_there_are_all(folding: Folding) -> None:
    found = asked(
        folding,
        [held(folding, rows(("ada", "Signed Up", "shown", START)))],
        START + HOUR,
        LAUNCH._replace(metrics=("conversions", "active_users")),
    )
    assert list(found.goals) == ["signup", "order", "subscription"]
    assert found.goals["signup"][1][:4] == ("shown", 1, 1, 1)
    nobody = Part("hidden", 0, 0, 0, None, None)
    assert found.goals["signup"][0] == nobody


def test_only_whole_hours_of_the_launch_count(folding: Folding) -> None:
    """
    hours    |20      |21       |22      |23
    launch       20:30 ├──────────────┤ 22:30
    counted           ├─────────┤
    """
    events = [(f"p{n}", "Feature Used", "shown", START + n * HOUR + MINUTE) for n in range(4)]
    launch = LAUNCH._replace(start=START + HOUR // 2, end=START + 5 * HOUR // 2)
    found = asked(folding, [held(folding, rows(*events))], START + 4 * HOUR, launch)
    assert (found.begin, found.end) == (START + HOUR, START + 2 * HOUR)
    assert found.goals["order"][1].people == 1
    nothing_yet = LAUNCH._replace(start=START + 3 * HOUR + MINUTE)
    assert split(folding, [held(folding, rows(*events))], START + 4 * HOUR, nothing_yet) is None


def test_hours_that_are_kept_no_longer_are_left_out(folding: Folding) -> None:
    end = START + 40 * DAY
    events = [("ada", "Feature Used", "shown", START)]
    events += [("bob", "Feature Used", "shown", end - 200 + n) for n in range(200)]
    partition = fold(Partition(folding), rows(*events))
    assert partition.watermark > end - MINUTE
    found = asked(folding, [published(partition)], end)
    assert found.begin == end - 35 * DAY - HOUR
    assert found.goals["order"][1].people == 1
    kept = min(pane.start for pane in partition.units.held if pane.grain == "hour")
    assert kept >= found.begin


def test_what_is_counted_only_since_later_is_told_since_then(folding: Folding) -> None:
    """As where the segment came into the configuration when the launch went on already."""
    events = [(f"p{n}", "Feature Used", "shown", START + n * HOUR) for n in range(3)]
    counted = held(folding, rows(*events))
    since = dict.fromkeys(counted.progress.since, START + HOUR + MINUTE)
    late = replace(counted, progress=msgspec.structs.replace(counted.progress, since=since))
    assert asked(folding, [counted], START + 3 * HOUR).begin == START
    assert asked(folding, [late], START + 3 * HOUR).begin == START + 2 * HOUR


@pytest.mark.parametrize("segment", ["", "platform", "goal"])
def test_without_such_a_segment_there_is_no_split(folding: Folding, segment: str) -> None:
    one = held(folding, rows(("ada", "Feature Used", "shown", START)))
    assert segments(folding.catalogue) == ["variant"]
    assert split(folding, [one], START + HOUR, LAUNCH._replace(split=segment)) is None
    assert split(folding, [], START + HOUR, LAUNCH) is None


def test_a_segment_of_which_a_metric_was_taken_out_splits_no_launch() -> None:
    without = a_folding(
        {"mine.toml": VARIANT + "\n[metrics.conversions]\nenabled = false" + NO_RATIO}
    )
    assert segments(without.catalogue) == []


def test_of_many_people_the_share_is_that_of_a_sample_and_less_sure(folding: Folding) -> None:
    count = 20_000
    events = [
        (f"p{n}", "Order Completed" if n % 4 == 0 else "Feature Used", "shown", START)
        for n in range(count)
    ]
    shown = asked(folding, [held(folding, rows(*events))], START + HOUR).goals["order"][1]
    assert shown.people == pytest.approx(count, rel=0.05)
    assert shown.people != count
    assert shown.share is not None
    assert shown.share.lower < 0.25 < shown.share.upper
    width = shown.share.upper - shown.share.lower
    assert 0.02 < width < 0.035  # of some 4,096 people; of 20,000 it would be 0.012
