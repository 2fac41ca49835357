"""What is watched is judged from the panes, alike however the log is cut and remembered."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterable
from functools import cache

import msgspec
import pytest

from streams.losses import SEVERAL
from streams.panes import DAY, HOUR, MINUTE, Grain, Pane
from streams.past import Past
from streams.place import Place
from streams.published import Published
from streams.reading import Reading
from streams.spikes.watcher import Watched, Watcher
from streams.unit import Unit
from tests.streams.counted_business import AN_HOUR, FOLDING, NOW, business, lately


@cache
def as_usual() -> list[Published]:
    return business()


def look(held: list[Published], past: Past | None = None) -> list[Watched]:
    past = past or Past(FOLDING)
    past.take(held)
    return list(Watcher(past).look(NOW))


def alarms(found: Iterable[Watched]) -> set[tuple[str, tuple[str, ...]]]:
    return {(one.metric.name, tuple(v for _, v in one.labels)) for one in found if one.is_alarm}


def expected(found: Iterable[Watched], metric: str) -> dict[str, float]:
    return {o.verdict.window: o.verdict.expected for o in found if o.metric.name == metric}


def of_hours_since(held: Published, begin: int) -> Published:
    """What is left when older hours have been dropped, as they are after 35 days."""
    kept = {p: u for p, u in held.units.items() if p.grain is not Grain.HOUR or p.start >= begin}
    since = dict.fromkeys(held.progress.since, begin)
    return Published(msgspec.structs.replace(held.progress, since=since), kept)


def together(held: list[Published]) -> Published:
    """What several partitions count, as one would have counted it."""
    units: dict[Pane, Unit] = {}
    for pane in {pane for one in held for pane in one.units}:
        unit = units[pane] = Unit(0, Place(0, 0, 0, 0))
        states = [one.units[pane].state for one in held if pane in one.units]
        for fold_id in {fold_id for state in states for fold_id in state}:
            parts = [state.get(fold_id, {}) for state in states]
            merge = FOLDING.aggregates[fold_id].merge
            unit.state[fold_id] = {
                labels: merge([part[labels] for part in parts if labels in part])
                for labels in {labels for part in parts for labels in part}
            }
    return Published(held[0].progress, units)


def test_on_a_usual_day_nothing_raises_an_alarm() -> None:
    assert alarms(look(as_usual())) == set()


def test_a_spike_of_cancellations_raises_their_alarm_alone() -> None:
    found = look(business(lately(30, {"cancellations": 4.0})))
    assert alarms(found) == {("cancellations", ())}


def test_a_goal_that_is_reached_no_more_raises_its_alarm_alone() -> None:
    found = look(business(lately(90, {"order": 0.0})))
    assert alarms(found) == {("conversions", ("order",))}


def test_active_people_who_stay_away_raise_an_alarm() -> None:
    found = look(business(lately(55, {"order": 0.1, "signup": 0.1})))
    assert ("active_users", ()) in alarms(found)


def test_a_fall_of_what_should_fall_and_a_rise_of_what_should_rise_wake_nobody() -> None:
    found = look(business(lately(60, {"cancellations": 0.0, "signup": 3.0})))
    assert "conversions" in {one.metric.name for one in found if one.verdict.is_spike}
    assert alarms(found) == set()


def test_people_are_judged_from_an_hour_on_and_counts_from_a_quarter_of_one() -> None:
    windows: dict[str, set[str]] = {}
    for one in look(as_usual()):
        windows.setdefault(one.metric.name, set()).add(one.verdict.window)
    assert windows["active_users"] == {"1h", "6h", "24h"}
    assert windows["cancellations"] == windows["conversions"] == {"15m", "1h", "6h", "24h"}


def test_what_is_expected_is_what_usually_happens() -> None:
    found = expected(look(as_usual()), "cancellations")
    lengths = {"15m": 14, "1h": 59, "6h": 5 * 60 + 20, "24h": 23 * 60 + 20}
    for window, minutes in lengths.items():
        assert found[window] == pytest.approx(AN_HOUR["cancellations"] * minutes / 60, rel=0.35)


@pytest.mark.parametrize("window", ["1h", "24h"])
def test_what_is_seen_is_what_the_windows_of_a_scrape_show(window: str) -> None:
    reading = Reading.of(FOLDING, as_usual(), NOW)
    seen = {
        (one.metric.name, one.labels): one.verdict.seen
        for one in look(as_usual())
        if one.verdict.window == window
    }
    shown: dict[object, float] = {("cancellations", ()): 0}
    for name in ("active_users", "conversions", "cancellations"):
        for series in reading.of_window(name, window):
            key = (name, () if name == "cancellations" else series.labels)
            shown[key] = shown.get(key, 0) + series.value
    assert seen == {key: value for key, value in shown.items() if value}


def test_the_verdict_does_not_depend_on_how_many_partitions_there_are() -> None:
    assert look([together(as_usual())]) == look(as_usual())


def test_what_is_remembered_is_what_would_be_read_anew() -> None:
    past = Past(FOLDING)
    assert look(as_usual(), past) == look(as_usual())
    other = business(lately(3 * 60, {"cancellations": 5.0}), seed=2)
    assert look(other, past) == look(other)
    first, second = as_usual()
    mixed = [first, Published(second.progress, second.units | other[1].units)]
    assert look(mixed, past) == look(mixed)


@pytest.mark.parametrize(("days", "is_known"), [(2, False), (5, True)])
def test_nothing_is_said_before_it_is_known_what_to_expect(days: int, *, is_known: bool) -> None:
    assert bool(look(business(days=days))) == is_known


def test_windows_of_which_something_was_lost_are_not_judged() -> None:
    held, lost = business(seed=4), NOW - 5 * HOUR
    held[0].progress.losses.declare_unit(lost, lost + MINUTE, SEVERAL, 0)
    assert {one.verdict.window for one in look(held)} == {"15m", "1h"}


def test_hours_that_are_gone_are_not_taken_for_empty_ones() -> None:
    held = [of_hours_since(one, NOW - 20 * DAY) for one in as_usual()]
    assert expected(look(held), "cancellations") == pytest.approx(
        expected(look(as_usual()), "cancellations"), rel=0.3
    )


@pytest.mark.parametrize(("minutes", "windows"), [(4, 4), (30, 2)])
def test_a_partition_that_is_ahead_raises_no_alarm_with_what_came_later(
    minutes: int, windows: int
) -> None:
    """Windows of hours end with the whole hour that holds the instant."""
    first, second = business(seed=6)
    ahead = msgspec.structs.replace(second.progress, watermark=NOW + minutes * MINUTE)
    found = look([first, Published(ahead, second.units)])
    assert len({o.verdict.window for o in found if o.metric.name == "cancellations"}) == windows


def test_what_is_asked_for_no_more_is_forgotten() -> None:
    past = Past(FOLDING)
    held = business(days=10, seed=7)
    unit = weakref.ref(held[0].units[min(held[0].units)])
    look(held, past)
    for one in held:
        del one.units[min(one.units)]
    look(held, past)
    look(held, past)
    gc.collect()
    assert unit() is None
