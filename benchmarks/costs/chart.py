"""Draws curves: a small chart each, with the bound of what it shows."""

from collections.abc import Sequence

from benchmarks import line_charts
from benchmarks.costs.curve import Curve


def draw(curves: Sequence[Curve]) -> str:
    """An SVG of all curves."""
    return line_charts.draw([_chart(curve) for curve in curves])


def spoken(name: str) -> str:
    """A name of a number as words."""
    return name.replace("_", " ")


def _chart(curve: Curve) -> line_charts.Chart:
    lines = {
        spoken(name): [(point[curve.x], point[name]) for point in curve.points if name in point]
        for name in curve.drawn
    }
    limits = [one.most or one.least for one in curve.bounds if one.number in curve.drawn]
    right = max(point[curve.x] for point in curve.points)
    bound = [(x, limit) for limit in limits[:1] if limit for x in (0, right)]
    return line_charts.Chart(curve.title, spoken(curve.x), "", lines, bound)
