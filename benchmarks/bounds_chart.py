"""Draws what scenarios of the bounds held: a small chart each, memory over how far they were."""

from collections.abc import Mapping, Sequence

from benchmarks import line_charts
from benchmarks.bounds_point import Point


def draw(found: Mapping[str, Sequence[Point]], bounds: Mapping[str, float]) -> str:
    """An SVG of all scenarios; a bound is megabytes at the right end, and begins with 0."""
    return line_charts.draw(
        [_chart(name, points, bounds.get(name, 0)) for name, points in found.items()]
    )


def _chart(name: str, points: Sequence[Point], bound: float) -> line_charts.Chart:
    lines = {
        "memory": [(p.done, p.memory_megabytes) for p in points],
        "state": [(p.done, p.state_megabytes) for p in points if p.state_megabytes],
    }
    lines = {name: pairs for name, pairs in lines.items() if pairs}
    right = max(point.done for point in points)
    limit = [(0.0, 0.0), (right, bound)] if bound else []
    return line_charts.Chart(name.replace("_", " "), "", "MB", lines, limit)
