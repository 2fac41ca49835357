"""What floods and outages cost: memory, state and series, as curves.

    python benchmarks/bench_bounds.py [--only labels,persons,...] [--scale 1] [--chart FILE]

A flood of a million label values, ten million persons, records of 1 MiB, an hour without Redis, a
day of backlog (`benchmarks/bounds_scenarios.py`), each in a process of its own on the real classes
and simulated time; the large records also by a real worker from a real Kafka. Progress goes to
stderr; the last line on stdout is one JSON object. Exit code 1 when a bound does not hold.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.bounds_chart import draw
from benchmarks.bounds_point import Point
from benchmarks.bounds_scenarios import SCENARIOS

PERSONS = "persons"
MEGABYTES_A_MILLION = 200
"""What a million persons may take."""
MOST_LABEL_SETS = 501
"""The limit of an open label, and `__other__`."""
SLACK, SLACK_MEGABYTES = 1.1, 10
"""By how much what is in memory may vary where it must not grow."""


def main() -> int:
    """Run the scenarios and print what they came to."""
    options = _options()
    found = {name: _run(name, options.scale) for name in options.only.split(",")}
    figures = {name: _figures(name, points) for name, points in found.items()}
    people = found.get(PERSONS, [Point(0, 0)])[-1].done
    Path(options.chart).write_text(
        draw(found, {PERSONS: MEGABYTES_A_MILLION * people}), encoding="utf-8"
    )
    is_within = all(one["within"] for one in figures.values())
    print(json.dumps({"within": is_within, "scale": options.scale, "scenarios": figures}))
    return 0 if is_within else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default=",".join(SCENARIOS))
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--chart", default="docs/bounds.svg")
    return parser.parse_args()


def _run(name: str, scale: float) -> list[Point]:
    """What a scenario held on its way; it is told meanwhile."""
    command = [sys.executable, "-m", "benchmarks.bounds_scenarios", name, str(scale)]
    folder = Path(__file__).resolve().parents[1]
    points = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder) as process:  # noqa: S603 - our own command
        for line in process.stdout or ():
            points.append(Point(*json.loads(line)))
            print(f"{name:14} {points[-1]}", file=sys.stderr)
    if process.returncode or not points:
        raise RuntimeError(f"{name} ended with {process.returncode}")
    return points


def _figures(name: str, points: Sequence[Point]) -> dict[str, float | bool]:
    """What a scenario came to, and whether that is within its bound."""
    end = points[-1]
    grown = end.memory_megabytes - points[0].memory_megabytes
    return {
        "done": end.done,
        "peak_megabytes": max(point.memory_megabytes for point in points),
        "grown_megabytes": round(grown, 1),
        "state_megabytes": end.state_megabytes,
        "series": max(point.series for point in points),
        "label_sets": max(point.label_sets for point in points),
        "within": _is_bounded_by_persons(points) if name == PERSONS else _is_flat(points),
    }


def _is_bounded_by_persons(points: Sequence[Point]) -> bool:
    first = points[0]
    return all(
        point.memory_megabytes - first.memory_megabytes <= MEGABYTES_A_MILLION * point.done
        for point in points
    )


def _is_flat(points: Sequence[Point]) -> bool:
    """Whether the last quarter needs no more than what came before it."""
    begin = max(1, len(points) * 3 // 4)
    before = max(point.memory_megabytes for point in points[:begin])
    after = max((point.memory_megabytes for point in points[begin:]), default=before)
    few = max(point.label_sets for point in points) <= MOST_LABEL_SETS
    return few and after <= SLACK * before + SLACK_MEGABYTES


if __name__ == "__main__":
    sys.exit(main())
