"""Scores: every answer on the scale counts once, in whole numbers; the others are told apart."""

import random
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.catalogue import OTHER
from streams.folding import Folding
from streams.panes import LIFETIME
from streams.partition import Partition
from streams.reading import EXPORT_LIMIT, Reading
from streams.scores import explain, told
from tests.streams.made_up import (
    MINUTE,
    Row,
    a_folding,
    body,
    fold,
    moment,
    published,
    random_sizes,
)

START = moment("2026-10-24T20:00+02:00")
FOLDING = a_folding()
CSAT = FOLDING.catalogue.metrics["csat"]
ON_THE_SCALE = (1, 2, 3, 4, 5, 1.0, 4.0)
REASONS = {
    "no_value": (None,),
    "not_a_number": ("4", "", True, False, [4], {"score": 4}),
    "out_of_range": (0, 6, -1, 5.5, 0.99, 1e300, 10**400, -(10**400)),
    "not_whole": (1.5, 4.999999),
}
BAD = [value for values in REASONS.values() for value in values]
EFFORT = """
[metrics.effort]
title = "t"
definition = "d"
formula = "f"
kind = "score"
events = [{ name = "Feature Used" }]
value = "score"
lowest = -3
highest = 3
good = [2, 3]
bad = [-3, -2, -1]
minimum = 1
labels = ["feature", "plan"]
window_labels = ["feature"]
"""


def answers(*scores: object, event: str = "CSAT Answered", **more: Any) -> list[Row]:
    return [
        Row(
            offset,
            START,
            body(event, message_id=str(offset), time=START, properties={"score": score} | more),
        )
        for offset, score in enumerate(scores)
    ]


def kept(partition: Partition, name: str = "csat") -> Any:
    """Counts by label set, and what was left out."""
    state, catalogue = partition.units.held[LIFETIME].state, partition.folding.catalogue
    return state.get(catalogue.fold_id(catalogue.metrics[name]), {}), state.get("skipped", {})


def gauges(folding: Folding, *parts: Partition, window: str = "5m") -> dict[str, float]:
    reading = Reading.of(folding, [published(part) for part in parts], START)
    return {s.name: s.value for s in reading.of_window("csat", window)}


@pytest.mark.parametrize("score", ON_THE_SCALE)
def test_a_whole_number_on_the_scale_is_a_score(score: float) -> None:
    assert kept(fold(Partition(FOLDING), answers(score))) == ({(): {int(score): 1}}, {})


@pytest.mark.parametrize(
    ("score", "reason"), [(score, reason) for reason, held in REASONS.items() for score in held]
)
def test_what_is_no_score_is_left_out_and_counted_by_reason(score: object, reason: str) -> None:
    found, skipped = kept(fold(Partition(FOLDING), answers(5, score)))
    assert found == {(): {5: 1}}
    assert skipped == {("csat", reason): 1}


def test_an_answer_without_properties_has_no_value() -> None:
    rows = [Row(0, START, body("CSAT Answered", time=START))]
    assert kept(fold(Partition(FOLDING), rows)) == ({}, {("csat", "no_value"): 1})


@given(st.lists(st.sampled_from([*ON_THE_SCALE, *BAD]), max_size=40), st.integers(0, 99))
def test_every_answer_counts_once_or_is_left_out_once_in_any_batches(
    scores: list[object], seed: int
) -> None:
    rows = answers(*scores)
    sizes = random_sizes(random.Random(seed), len(rows))
    partition = fold(Partition(FOLDING), rows, sizes)
    assert partition.canonical() == fold(Partition(FOLDING), rows).canonical()
    if not rows:
        return
    found, skipped = kept(partition)
    usable = [score for score in scores if score not in ([4], {"score": 4}) and score in range(6)]
    good = Counter(score for score in usable if type(score) in (int, float) and score)
    assert found.get((), {}) == good
    assert sum(skipped.values()) + good.total() == len(scores)


@given(st.lists(st.integers(1, 5), max_size=60), st.integers(0, 59))
def test_partitions_read_together_equal_one_that_holds_every_answer(
    scores: list[int], cut: int
) -> None:
    parts = [fold(Partition(FOLDING), answers(*part)) for part in (scores[:cut], scores[cut:])]
    together = gauges(FOLDING, *parts)
    assert together == gauges(FOLDING, fold(Partition(FOLDING), answers(*scores)))
    assert together["csat_responses"] == len(scores)
    if len(scores) < CSAT.minimum:
        assert together.keys() == {"csat_responses"}
        return
    assert together["csat_ratio"] == float(Fraction(sum(s > 3 for s in scores), len(scores)))
    assert together["csat_average"] == float(Fraction(sum(scores), len(scores)))


def test_below_the_minimum_only_the_number_of_answers_is_told() -> None:
    assert dict(told(CSAT, {5: 9})) == {"responses": 9}
    assert dict(told(CSAT, {5: 10})) == {"ratio": 1, "average": 5, "responses": 10}
    assert dict(told(CSAT, {})) == {"responses": 0}


def test_a_minimum_of_nothing_divides_by_nothing() -> None:
    folding = a_folding({"effort.toml": EFFORT.replace("minimum = 1", "minimum = 0")})
    assert dict(told(folding.catalogue.metrics["effort"], {})) == {"responses": 0}


def test_a_net_score_is_the_percentage_of_good_answers_minus_that_of_bad_ones() -> None:
    # 3 and 2 are good, -3 to -1 are bad: 50 % - 25 %
    effort = a_folding({"effort.toml": EFFORT}).catalogue.metrics["effort"]
    values = dict(told(effort, {3: 1, 2: 1, 0: 1, -3: 1}))
    assert values == {"ratio": 0.5, "average": 0.5, "responses": 4, "score": 25}
    assert dict(told(effort, {-1: 2}))["score"] == -100
    assert dict(told(effort, {3: 2}))["score"] == 100


def test_answers_leave_their_window_when_time_goes_on() -> None:
    partition = published(fold(Partition(FOLDING), answers(*[5] * 10)))
    readings = [Reading.of(FOLDING, [partition], START + m * MINUTE) for m in (4, 5)]
    values = [{s.name: s.value for s in r.of_window("csat", "5m")} for r in readings]
    assert values[0]["csat_ratio"] == 1
    assert values[1] == {"csat_responses": 0}


def test_scores_by_an_open_label_add_up_in_other_and_without_the_labels_left_out() -> None:
    folding = a_folding({"effort.toml": EFFORT})
    rows = []
    for offset in range(2 * EXPORT_LIMIT + 20):  # 100 features of two answers, 20 of one
        facts = {"feature": f"f{offset % (EXPORT_LIMIT + 20):03}", "plan": "free", "score": 3}
        if offset >= EXPORT_LIMIT + 20:
            facts |= {"plan": "pro", "score": -3}
        event = body(message_id=str(offset), time=START, properties=facts)
        rows.append(Row(offset, START, event))
    reading = Reading.of(folding, [published(fold(Partition(folding), rows))], START)
    found = {
        (s.labels[0][1], s.part): s.value
        for s in reading.of_window("effort", "1h")
        if s.labels[0][1] in ("f000", OTHER)
    }
    assert found["f000", "responses"] == 2
    assert found["f000", "average"] == 0
    assert found[OTHER, "responses"] == 20
    assert found[OTHER, "average"] == 3
    assert reading.overflow["effort", "1h"]


def test_two_scores_of_one_event_are_read_by_themselves() -> None:
    second = EFFORT.replace("metrics.effort", "metrics.ease").replace("lowest = -3", "lowest = 0")
    folding = a_folding({"a.toml": EFFORT, "b.toml": second.replace("bad = [-3, -2, -1]", "")})
    rows = answers(-2, 2, 7, event="Feature Used", feature="x", plan="pro")
    partition = fold(Partition(folding), rows)
    labels = ("x", "pro")
    skipped = {("effort", "out_of_range"): 1, ("ease", "out_of_range"): 2}
    assert kept(partition, "effort") == ({labels: {-2: 1, 2: 1}}, skipped)
    assert kept(partition, "ease") == ({labels: {2: 1}}, skipped)


def test_an_answer_outside_a_strict_label_is_left_out_for_that_reason() -> None:
    strict = '[labels.plan]\nproperty = "plan"\nvalues = ["pro"]\nstrict = true'
    folding = a_folding({"effort.toml": EFFORT + strict})
    rows = answers(3, "?", event="Feature Used", feature="x", plan="gold")
    found, skipped = kept(fold(Partition(folding), rows), "effort")
    assert found == {}
    assert skipped == {("effort", "unknown_label"): 2}


@pytest.mark.parametrize("part", CSAT.parts)
def test_every_gauge_says_what_it_is_and_when_it_is_absent(part: str) -> None:
    said = explain(CSAT, part)
    assert ("fewer than 10" in said) == (part != "responses")
    assert ("4, 5" in said) == (part == "ratio")
    assert "{" not in said
