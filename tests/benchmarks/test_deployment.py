"""What a deployment needs, reckoned from curves."""

from collections.abc import Mapping

import pytest

from benchmarks.costs.curve import Curve
from benchmarks.costs.deployment import NEEDED, Deployment, told

POINTS: Mapping[str, list[dict[str, float]]] = {
    "freshness": [
        {"load_percent": 10, "events_per_second": 8_000, "scrape_seconds": 0.03},
        {"load_percent": 50, "events_per_second": 40_000, "scrape_seconds": 0.05},
    ],
    "traffic": [
        {
            "events_per_second": 80_000,
            "events_bytes_per_event": 380,
            "facts_bytes_per_event": 15,
            "persons_changelog_bytes_per_event": 4,
            "dead_letters_bytes_per_event": 1,
            "redis_bytes_per_event": 25,
            "units_changelog_bytes_per_event": 5,
        }
    ],
    "backfill": [{"worker_megabytes": 210}, {"worker_megabytes": 190}],
    "keeping_persons": [
        {"persons": 100_000, "worker_megabytes": 150},
        {"persons": 1_100_000, "worker_megabytes": 250},
    ],
    "workers": [
        {
            "workers": 1,
            "events_per_second": 80_000,
            "events_per_worker_cpu_second": 100_000,
            "broker_cpu_percent": 40,
            "redis_cpu_percent": 5,
        }
    ],
}


@pytest.fixture
def curves() -> dict[str, Curve]:
    return {
        name: Curve(name, name, next(iter(points[0])), points, ())
        for name, points in POINTS.items()
    }


def test_workers_are_loaded_by_half_and_have_four_partitions_each(curves: dict[str, Curve]) -> None:
    needed = Deployment(curves, 100_000, 6_000_000)
    assert (needed.workers, needed.partitions) == (3, 12)


def test_what_goes_by_the_event_is_multiplied_by_events(curves: dict[str, Curve]) -> None:
    needed = Deployment(curves, 100_000, 6_000_000)
    assert needed.worker_processors == 1
    assert needed.broker_processors == 0.5


def test_persons_are_kept_by_all_workers_together(curves: dict[str, Curve]) -> None:
    assert Deployment(curves, 100_000, 6_000_000).worker_megabytes == pytest.approx(210 + 200)


def test_what_goes_by_the_second_is_multiplied_by_partitions(curves: dict[str, Curve]) -> None:
    needed = Deployment(curves, 100_000, 6_000_000)
    assert needed.kafka_megabytes_per_second == pytest.approx(40 + 3 * 0.4)
    assert needed.redis_megabytes_per_second == pytest.approx(3 * 2)


def test_the_weakest_point_is_what_is_taken_most_of(curves: dict[str, Curve]) -> None:
    text = "\n".join(told(curves, 100_000, 6_000_000))
    assert "| partitions of the source | 12 |" in text
    assert "**The weakest point is Redis, whose one thread does the work: 15 % of its time" in text
    assert "each 15 s: 0.6 %" in text


@pytest.mark.parametrize("name", NEEDED)
def test_without_a_curve_it_is_said_which_one_is_missing(
    curves: dict[str, Curve], name: str
) -> None:
    del curves[name]
    assert list(told(curves, 100_000, 6_000_000)) == [
        f"Not reckoned yet, for want of the curves {name}."
    ]
