"""Segments: each main metric split by a label, every part counted by itself."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from streams.catalogue import NONE, OTHER, Catalogue, Example, Given
from streams.catalogue_file import load
from streams.example import found
from streams.figures import Figures
from streams.partition import Partition
from streams.reading import Reading
from streams.segments import MAIN
from streams.wire import CLOUDEVENTS, SEGMENT
from tests.streams.made_up import Row, a_folding, body, fold, moment, published

PATH = "context.device.type"
PLATFORM = f"""
[segments.platform]
path = "{PATH}"
values = ["ios", "android", "web"]
"""
FOLDING = a_folding({"mine.toml": PLATFORM})
METRICS = FOLDING.catalogue.metrics
NAMES = {f"{name}_by_platform" for name in MAIN}
START = moment("2026-03-02T10:00+01:00")
AT = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - in the reporting time zone
OWN = """
[metrics.{name}]
title = "Mine"
definition = "What I mean"
formula = "mine"
kind = "{kind}"
direction = "down"
"""


def did(person: str, platform: str | None, event: str | None = None, **properties: object) -> Given:
    """A page view, or the event, on a platform if one is told."""
    told = {} if platform is None else {PATH: platform}
    return Given(AT, person, "track" if event else "page", event, told | properties)


def series(events: Sequence[Given], prefix: str, window: str = "today") -> dict[str, float]:
    """Series of a metric, by what they are called after its name; shards of persons included."""
    example = Example(tuple(events), AT + timedelta(minutes=2), {})
    of_window = f'window="{window}"}}'
    return {
        name.removeprefix(prefix): value
        for name, value in found(FOLDING, example).items()
        if name.startswith(prefix + "{") and name.endswith(of_window)
    }


def by_platform(**values: float) -> dict[str, float]:
    return {f'{{platform="{name}",window="today"}}': value for name, value in values.items()}


def with_file(text: str) -> Catalogue:
    return load(SEGMENT, {"mine.toml": PLATFORM + text})


def reading_of(log: Sequence[tuple[str, str | None, bool]]) -> Reading:
    """What a log of persons, their platforms and whether they ordered comes to."""
    rows = [
        Row(
            offset,
            START,
            body(
                "Order Completed" if ordered else None,
                kind="track" if ordered else "page",
                message_id=str(offset),
                user=person,
                time=START,
                context={"device": {"type": platform}},
            ),
        )
        for offset, (person, platform, ordered) in enumerate(log)
    ]
    held = published(fold(Partition(FOLDING), rows, [300] * (len(log) // 300)))
    return Reading.of(FOLDING, [held], START)


def test_the_main_metrics_are_split_and_no_other() -> None:
    assert METRICS.keys() - load(SEGMENT).metrics.keys() == NAMES
    assert {name for name, metric in METRICS.items() if metric.segment} == NAMES


def test_closed_labels_stay_and_open_ones_are_left_out() -> None:
    assert METRICS["active_users_by_platform"].labels == ("platform",)
    assert METRICS["page_views_by_platform"].labels == ("platform",)
    assert METRICS["conversion_ratio_by_platform"].labels == ("goal", "platform")
    assert METRICS["cancellations_by_platform"].labels == ("plan", "platform")
    assert METRICS["revenue_by_platform"].labels == ("currency", "platform")


def test_segments_leave_the_state_of_all_metrics_alone() -> None:
    shipped = load(SEGMENT)
    kept = {shipped.fold_id(metric) for metric in shipped.folded()}
    assert kept <= {FOLDING.catalogue.fold_id(metric) for metric in FOLDING.catalogue.folded()}


def test_what_is_not_listed_is_other_and_what_is_not_told_is_none() -> None:
    events = [did("ada", "ios"), did("bob", "ios"), did("cy", "tv"), did("dee", None)]
    parts = by_platform(ios=2, android=0, web=0) | by_platform(**{OTHER: 1, NONE: 1})
    assert series(events, "active_users_by_platform") == parts
    assert series(events, "windowed_page_views_by_platform") == parts
    assert series([], "active_users_by_platform") == by_platform(ios=0, android=0, web=0)


def test_a_person_seen_in_two_parts_counts_in_both() -> None:
    events = [did("ada", "ios"), did("ada", "web"), did("ada", "web"), did("bob", "web")]
    assert series(events, "active_users") == {'{window="today"}': 2}
    parts = series(events, "active_users_by_platform")
    assert parts == by_platform(ios=1, android=0, web=2)
    assert series(events, "windowed_interactions_by_platform") == by_platform(
        ios=1, android=0, web=3
    )


@pytest.mark.parametrize("window", ["5m", "1h", "24h", "today", "7d", "30d"])
def test_a_part_has_every_window_of_the_whole(window: str) -> None:
    parts = series([did("ada", "ios")], "active_users_by_platform", window)
    assert parts[f'{{platform="ios",window="{window}"}}'] == 1


def test_a_ratio_is_of_those_of_the_same_part() -> None:
    # ios: 1 of 2 ordered │ web: 1 of 4 │ android: nobody was there
    events = [did(person, "web") for person in "abcd"] + [did("e", "ios")]
    events += [did("a", "web", "Order Completed"), did("f", "ios", "Order Completed")]
    parts = series(events, "conversion_ratio_by_platform")
    assert parts['{goal="order",platform="ios",window="today"}'] == 1 / 2
    assert parts['{goal="order",platform="web",window="today"}'] == 1 / 4
    assert parts['{goal="signup",platform="web",window="today"}'] == 0
    assert not any("android" in labels for labels in parts)
    assert series(events, "conversion_ratio")['{goal="order",window="today"}'] == 2 / 6


def test_goals_are_zero_in_every_part_before_their_first_event() -> None:
    zeros = {
        f'{{goal="{goal}",platform="{part}",window="today"}}': 0
        for goal in ("signup", "order", "subscription")
        for part in ("ios", "android", "web")
    }
    assert series([], "windowed_conversions_by_platform") == zeros


def test_money_is_told_by_currency_and_part() -> None:
    events = [
        did("ada", "ios", "Order Completed", revenue=5, currency="EUR"),
        did("bob", "ios", "Order Completed", revenue=2, currency="EUR"),
        did("cy", None, "Order Completed", revenue=1, currency="USD"),
    ]
    assert series(events, "windowed_revenue_by_platform") == {
        '{currency="EUR",platform="ios",window="today"}': 7,
        f'{{currency="USD",platform="{NONE}",window="today"}}': 1,
    }


def test_every_part_equals_a_recount() -> None:
    # 3,000 page views and orders of 200 persons who change their platform
    chance = random.Random(7)
    places = ("ios", "android", "web", "tv", None)
    people = [f"u{i}" for i in range(200)]
    log = [
        (chance.choice(people), chance.choice(places), chance.random() < 0.1) for _ in range(3000)
    ]
    reading = reading_of(log)
    read = {(s.metric.name, s.labels): s.value for s in reading.series if s.window == "1h"}
    for platform in places:
        part = platform if platform in ("ios", "android", "web") else OTHER if platform else NONE
        here = [(person, ordered) for person, place, ordered in log if place == platform]
        by, order = ("platform", part), ("goal", "order")
        active = {person for person, _ in here}
        bought = {person for person, ordered in here if ordered}
        assert read["active_users_by_platform", (by,)] == len(active)
        assert read["interactions_by_platform", (by,)] == len(here)
        assert read["converting_users_by_platform", (order, by)] == len(bought)
        assert read["conversion_ratio_by_platform", (order, by)] == len(bought) / len(active)
    whole = {person for person, _, _ in log}
    parts = [v for (name, _), v in read.items() if name == "active_users_by_platform"]
    assert sum(parts) > len(whole) == read["active_users", ()]


def test_a_figure_of_a_ratio_rests_on_those_of_its_part() -> None:
    reading = reading_of([(person, "web", False) for person in "abc"] + [("d", "ios", False)])
    figures = Figures(FOLDING.catalogue, reading.series)
    labels = (("goal", "order"), ("platform", "web"))
    figure = figures.of(METRICS["conversion_ratio_by_platform"], "today", labels)
    assert figure is not None
    assert (figure.value, figure.n, figure.least) == (0, 3, 0)


def test_a_metric_that_was_replaced_is_split_as_it_is() -> None:
    own = OWN.format(name="interactions", kind="count") + 'events = [{ name = "Feature Used" }]'
    catalogue = with_file(own)
    whole, part = (catalogue.metrics[n] for n in ("interactions", "interactions_by_platform"))
    assert part.sources == whole.sources
    assert part.direction == "down"
    assert part.title == "Mine by platform"
    assert part.definition == "What I mean. Split by platform."


def test_a_metric_that_is_disabled_is_not_split() -> None:
    catalogue = with_file("[metrics.cancellations]\nenabled = false")
    assert "cancellations_by_platform" not in catalogue.metrics
    assert "interactions_by_platform" in catalogue.metrics


def test_both_sides_of_a_ratio_of_ones_own_are_split_or_it_is_not() -> None:
    own = OWN.format(name="conversion_ratio", kind="ratio") + 'denominator = "active_users"\n'
    found = with_file(own + 'numerator = "shares"').metrics
    assert found["conversion_ratio_by_platform"].numerator == "shares_by_platform"
    assert found["shares_by_platform"].labels == ("channel", "platform")
    found = with_file(own + 'numerator = "buyers"').metrics
    assert "conversion_ratio_by_platform" not in found


def test_several_segments_split_apart_from_each_other() -> None:
    more = '[segments.app_version]\nproperty = "version"\nvalues = ["1", "2"]'
    found = with_file(more).metrics
    assert {f"{name}_by_app_version" for name in MAIN} | NAMES <= found.keys()
    assert found["active_users_by_app_version"].title == "Active users by app version"


def test_a_segment_can_be_a_label_of_ones_own_metrics() -> None:
    own = OWN.format(name="searches", kind="count") + 'events = [{ name = "Search" }]\n'
    assert with_file(own + 'labels = ["platform"]').metrics["searches"].labels == ("platform",)


def test_words_of_a_part_say_what_differs_from_the_whole() -> None:
    part = METRICS["active_users_by_platform"]
    assert not part.measure
    assert "windows of days too are exact up to" in part.limits
    assert "Windows of days are exact" not in part.limits
    assert METRICS["page_views_by_platform"].definition.endswith("and not by page.")
    assert METRICS["conversion_ratio_by_platform"].formula.endswith("both by platform")
    assert all(METRICS[name].definition.endswith(".") for name in NAMES)
    assert METRICS["cancellations_by_platform"].direction == "down"


def test_a_property_is_read_where_the_format_has_it() -> None:
    text = '[segments.platform]\nproperty = ["platform", "os"]\nvalues = ["ios"]'
    catalogue = load(CLOUDEVENTS, {"mine.toml": text})
    assert catalogue.labels["platform"].paths == ("data.platform", "data.os")
