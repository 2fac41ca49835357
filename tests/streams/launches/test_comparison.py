"""What a launch came to is read from whole hours, then whole days, and never from its own past."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from streams.baselines.change import Change
from streams.baselines.surprise import Expected
from streams.catalogue import OTHER
from streams.launches.comparison import compare
from streams.launches.effect import Effect
from streams.launches.launch import Launch
from streams.losses import SEVERAL
from streams.panes import DAY, HOUR, MINUTE, Grain, Pane
from streams.past import Past
from streams.place import Place
from streams.published import Published
from streams.unit import Unit
from tests.streams.counted_business import AN_HOUR, FOLDING, NOW, add, business

ORDERS, SIGNUPS = 'conversions{goal="order"}', 'conversions{goal="signup"}'
HALF_AGAIN = 1.5


@cache
def launched(ago: int, days: int = 35) -> list[Published]:
    """A business in which orders have been half as many again since so many milliseconds ago."""

    def factor(name: str, time: int) -> float:
        return HALF_AGAIN if name == "order" and time >= NOW - ago else 1.0

    return with_days(business(factor, days))


def with_days(held: list[Published]) -> list[Published]:
    """The days that its hours make."""
    for one in held:
        for pane in [pane for pane in one.units if pane.grain is Grain.HOUR]:
            day = one.units.setdefault(
                Pane(Grain.DAY, FOLDING.calendar.day_start(pane.start)), Unit(0, Place(0, 0, 0, 0))
            )
            for fold_id, series in one.units[pane].state.items():
                for labels, state in series.items():
                    merged = day.state.setdefault(fold_id, {})
                    states = [merged[labels], state] if labels in merged else [state]
                    merged[labels] = FOLDING.aggregates[fold_id].merge(states)
    return held


def launch(ago: int, *metrics: str, end: int | None = None) -> Launch:
    return Launch("New pricing", NOW - ago, end, metrics, ("cancellations",))


def effects(
    held: Sequence[Published], one: Launch, instant: int = NOW
) -> dict[tuple[str, object], Effect]:
    past = Past(FOLDING)
    past.take(held)
    return {(e.metric, e.labels): e for e in compare(past, one, instant)}


def key(goal: str) -> tuple[str, object]:
    return ("conversions", (("goal", goal),))


@pytest.mark.parametrize("ago", [5 * HOUR, 30 * HOUR, 6 * DAY])
def test_the_effect_is_told_of_the_metric_that_changed(ago: int) -> None:
    found = effects(launched(ago), launch(ago, ORDERS, SIGNUPS))
    order, signup = found[key("order")], found[key("signup")]
    assert order.lower <= HALF_AGAIN - 1 <= order.upper
    assert order.lower > 0
    assert signup.lower <= 0 <= signup.upper
    assert (order.role, found["cancellations", ()].role) == ("goal", "guardrail")


def test_whole_hours_since_it_began_are_seen() -> None:
    held, began = launched(5 * HOUR), NOW - 5 * HOUR  # 10:20, so from 11:00 to 15:00
    order = effects(held, launch(5 * HOUR, ORDERS))[key("order")]
    panes = [Pane(Grain.HOUR, began - 20 * MINUTE + n * HOUR) for n in range(1, 5)]
    fold_id = FOLDING.catalogue.fold_id(FOLDING.catalogue.metrics["conversions"])
    counts = [one.units[pane].state[fold_id].get(("order",), 0) for one in held for pane in panes]
    assert order.seen == sum(counts)
    assert order.expected == pytest.approx(4 * AN_HOUR["order"], rel=0.25)


def test_before_a_whole_hour_is_over_nothing_is_said() -> None:
    assert effects(launched(HOUR), launch(HOUR, ORDERS)) == {}
    assert effects(launched(2 * HOUR), launch(2 * HOUR, ORDERS)) != {}


def test_what_came_after_its_end_does_not_matter() -> None:
    over = launch(30 * HOUR, ORDERS, end=NOW - 6 * HOUR)
    assert effects(launched(30 * HOUR), over) == effects(launched(30 * HOUR), over, NOW - 5 * HOUR)


def test_in_its_second_week_whole_days_are_compared() -> None:
    ago = 9 * DAY + 3 * HOUR
    order = effects(launched(ago, 70), launch(ago, ORDERS))[key("order")]
    assert order.expected == pytest.approx(9 * 24 * AN_HOUR["order"], rel=0.15)
    assert order.lower <= HALF_AGAIN - 1 <= order.upper


def test_a_launch_that_ended_long_ago_is_compared_by_days() -> None:
    held = launched(20 * DAY, 80)
    for one in held:
        for pane in [p for p in one.units if p.grain is Grain.HOUR and p.start < NOW - 35 * DAY]:
            del one.units[pane]
    found = effects(held, launch(20 * DAY, ORDERS, end=NOW - 17 * DAY))
    assert found[key("order")].lower <= HALF_AGAIN - 1 <= found[key("order")].upper


@pytest.mark.parametrize("weeks_ago", range(5))
def test_a_launch_of_a_weekend_is_beside_weekends_however_long_ago_it_was(weeks_ago: int) -> None:
    """Hours are kept for 35 days; of those before the launch fewer and fewer are left."""
    end = NOW - NOW % DAY - 2 * DAY - weeks_ago * 7 * DAY  # midnight after a Sunday
    held = with_days(business(lambda _, time: 0.1 if is_weekend(time) else 1.0, 90))
    for one in held:
        for pane in [p for p in one.units if p.grain is Grain.HOUR and p.start < NOW - 35 * DAY]:
            del one.units[pane]
    over = Launch("Weekend", end - 2 * DAY, end, (ORDERS,))
    order = effects(held, over)[key("order")]
    assert order.expected == pytest.approx(2 * 24 * 0.1 * AN_HOUR["order"], rel=0.5)
    assert order.lower <= 0 <= order.upper


def is_weekend(time: int) -> bool:
    return time // DAY % 7 in (2, 3)  # 1 January 1970 was a Thursday


def test_all_goals_together_are_those_of_each_added_up() -> None:
    found = effects(launched(30 * HOUR), launch(30 * HOUR, "conversions", ORDERS, SIGNUPS))
    both = found["conversions", ()]
    assert both.seen == found[key("order")].seen + found[key("signup")].seen


def test_people_are_compared_and_not_added_up() -> None:
    found = effects(launched(30 * HOUR), launch(30 * HOUR, "active_users"))
    people = found["active_users", ()]
    assert people.seen < 29 * (AN_HOUR["order"] * HALF_AGAIN + AN_HOUR["signup"])
    assert people.lower < people.seen / people.expected - 1 < people.upper


def test_of_a_ratio_both_sides_are_compared() -> None:
    asked = 'conversions_per_interaction{goal="order"}'
    found = effects(launched(6 * DAY), launch(6 * DAY, asked, ORDERS, "interactions"))
    ratio = found["conversions_per_interaction", (("goal", "order"),)]
    assert ratio.seen == found[key("order")].seen / found["interactions", ()].seen
    everything = AN_HOUR["order"] * HALF_AGAIN + AN_HOUR["signup"]
    truth = HALF_AGAIN / (everything / (AN_HOUR["order"] + AN_HOUR["signup"])) - 1
    assert 0 < ratio.lower <= truth <= ratio.upper


def test_nothing_is_said_where_something_was_lost_since() -> None:
    held = business(seed=9)
    assert effects(held, launch(30 * HOUR, ORDERS))
    held[0].progress.losses.declare_unit(NOW - 3 * HOUR, NOW - 3 * HOUR + MINUTE, SEVERAL, 0)
    assert effects(held, launch(30 * HOUR, ORDERS)) == {}


def test_nothing_is_said_of_a_label_that_a_limit_may_have_put_together_with_others() -> None:
    held = business()
    pages = FOLDING.catalogue.metrics["page_views"]
    for pane in [pane for pane in held[0].units if pane.grain is Grain.HOUR]:
        add(held[0].units[pane], FOLDING, pages.name, ("Pricing",), 50)
    asked = launch(30 * HOUR, 'page_views{page="Pricing"}')
    assert ("page_views", (("page", "Pricing"),)) in effects(held, asked)
    last = max(
        pane for pane in held[0].units if pane.grain is Grain.HOUR and pane.start < NOW - HOUR
    )
    add(held[0].units[last], FOLDING, pages.name, (OTHER,), 1)
    assert ("page_views", (("page", "Pricing"),)) not in effects(held, asked)


def test_that_people_are_estimated_is_no_effect() -> None:
    """Some 40,000 people a day, of whom a sketch says how many with an error of 1.6 %."""
    estimated = 4_000.0 * 10
    error = 0.0156 * estimated
    certain = Change.of(estimated * 1.03, Expected(estimated, estimated))
    unsure = Change.of(estimated * 1.03, Expected(estimated, estimated), error)
    assert certain.interval().lower > 0
    assert unsure.interval().lower < 0


def test_nothing_is_said_without_weeks_before() -> None:
    assert effects(business(days=3), launch(30 * HOUR, ORDERS)) == {}
