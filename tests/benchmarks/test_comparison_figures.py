"""What rounds of measuring come to, and when a ratio fell."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench_peers import compared
from benchmarks.peers.figures import better, different, fallen, ratios, spread
from benchmarks.peers.page import BEGIN, PAGE, RECORDED, page
from benchmarks.recorded_page import END

RATES = {
    "tidegauge": 200_000.0,
    "bytewax": 50_000.0,
    "aiokafka": 400_000.0,
    "tidegauge_whole_catalogue": 160_000.0,
}


def test_a_ratio_is_ours_divided_by_theirs() -> None:
    assert ratios(RATES) == {
        "bytewax": 4,
        "aiokafka_ceiling": 0.5,
        "whole_catalogue_of_aiokafka": 0.4,
    }


def test_who_was_left_out_of_a_round_has_no_ratio_in_it() -> None:
    assert "quixstreams" not in ratios(RATES)


def test_spread_is_over_the_rounds_in_which_somebody_was_measured() -> None:
    found = spread([{"a": 1.0, "b": 5.0}, {"a": 3.0}, {"a": 2.0}])
    assert found["a"] == {"median": 2, "least": 1, "most": 3}
    assert found["b"] == {"median": 5, "least": 5, "most": 5}


@pytest.mark.parametrize(("now", "falls"), [(10.0, 0), (5.1, 0), (4.9, 1), (14.0, 0)])
def test_a_ratio_falls_when_it_is_a_whole_spread_below_the_least_recorded(
    now: float, falls: int
) -> None:
    recorded = {"bytewax": {"median": 10.0, "least": 8.0, "most": 11.0}}
    assert len(list(fallen({"bytewax": now}, recorded))) == falls


def test_rounds_that_agree_too_well_do_not_make_noise_a_fall() -> None:
    recorded = {"bytewax": {"median": 10.0, "least": 9.99, "most": 10.01}}
    assert not list(fallen({"bytewax": 7.6}, recorded))
    assert list(fallen({"bytewax": 7.4}, recorded))


def test_only_what_fell_in_both_of_two_runs_has_fallen() -> None:
    recorded = spread([{"a": 10.0, "b": 10.0, "c": 10.0}])
    first, second = {"a": 5.0, "b": 9.0, "c": 5.0}, {"a": 9.0, "b": 5.0, "c": 6.0}
    (line,) = fallen(better(first, second), recorded)
    assert line.startswith("c: the ratio is 6;")


def run(ratio: float, *, equal: bool = True, **left_out: str) -> dict[str, Any]:
    return {"ratios": {"a": ratio}, "results_equal": equal, "left_out": left_out}


TEN = spread([{"a": 10.0}])


def test_what_fell_is_measured_once_more_and_the_better_counts() -> None:
    runs = iter([run(5.0), run(9.0)])
    assert compared(runs.__next__, TEN) == ({"ratios": {"a": 9}, "results_equal": True}, [])


def test_what_did_not_fall_is_measured_once() -> None:
    runs = iter([run(9.0)])
    assert compared(runs.__next__, TEN)[1] == []


def test_a_wrong_result_of_either_run_is_told() -> None:
    for first, second in ((False, True), (True, False)):
        runs = iter([run(5.0, equal=first), run(9.0, equal=second)])
        assert not compared(runs.__next__, TEN)[0]["results_equal"]


def test_who_was_left_out_of_either_run_is_told_and_so_is_what_fell_twice() -> None:
    runs = iter([run(5.0, b="no Java"), run(6.0, c="no wheel")])
    _, told = compared(runs.__next__, TEN)
    assert told[:2] == ["b was not measured: no Java", "c was not measured: no wheel"]
    assert told[2].startswith("a: the ratio is 6;")


def test_what_was_not_measured_now_did_not_fall() -> None:
    recorded = {"kafka_streams": {"median": 2.0, "least": 1.9, "most": 2.1}}
    assert not list(fallen(ratios(RATES), recorded))


@given(st.lists(st.floats(0.1, 1_000), min_size=1, max_size=9))
def test_no_round_that_was_recorded_would_have_been_a_fall(values: list[float]) -> None:
    rounds = [{"bytewax": value} for value in values]
    recorded = spread(rounds)
    assert not [line for one in rounds for line in fallen(one, recorded)]


def test_a_count_too_many_and_one_that_is_missing_are_told() -> None:
    told = list(different({"a": 1, "b": 2}, {"b": 2, "c": 3}))
    assert told == ["a: 1, true None", "c: None, true 3"]


def test_the_page_keeps_what_was_written_by_hand() -> None:
    figures = {
        "rounds": 1,
        "machine": {"processors": 2, "model": "", "system": "Linux", "python": "3.11"},
        "broker": "Apache Kafka, one node",
        "results_equal": True,
        "records_per_second": spread([RATES]),
        "spread_of_ratios": spread([ratios(RATES)]),
        "of_the_processes": {},
        "settling_seconds": [1.2, 2.3],
        "without_durability": {"bytewax": 60_000},
        "left_out": {"kafka_streams": "mvn is not installed"},
    }
    told = page(f"# By hand\n{BEGIN}\nwas there\n{END}\nAlso by hand.\n", figures)
    assert told.startswith("# By hand\n")
    assert told.endswith("Also by hand.\n")
    assert "was there" not in told
    assert "| Bytewax | 50,000 (50,000 to 50,000) |  |  | 4 (4 to 4) |" in told
    assert "2.3 s at most" in told
    assert page(told, figures) == told


@pytest.mark.skipif(not RECORDED.exists(), reason="no run is recorded yet")
def test_the_page_says_what_was_recorded() -> None:
    text = PAGE.read_text(encoding="utf-8")
    told = page(text, json.loads(RECORDED.read_text(encoding="utf-8")))
    assert told == text, "run python -m benchmarks.peers.page"
