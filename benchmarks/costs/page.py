"""Writes what was recorded to docs/: the figures as JSON, charts, and tables in the page.

    python -m benchmarks.costs.page

makes charts and page anew of the JSON that is there, or of none. What stands outside the marks in
the page is written by hand and stays.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.costs import deployment
from benchmarks.costs.chart import draw, spoken
from benchmarks.costs.curve import Bound, Curve
from benchmarks.peers.environments import ROOT
from benchmarks.peers.machine import machine
from benchmarks.recorded_page import made_anew, number

RECORDED = ROOT / "docs" / "costs.json"
PAGE, CHART = ROOT / "docs" / "sizing.md", RECORDED.with_suffix(".svg")
DEPLOYMENT = "<!-- from docs/costs.json: a deployment -->"
CURVES = "<!-- from docs/costs.json: curves -->"
NOTHING = "No run is recorded yet: `make bench-costs` with `RECORD=1` records one."
EVENTS_PER_SECOND, PERSONS = 100_000, 10_000_000
"""Of the deployment that is reckoned."""

Record = Mapping[str, Any]
"""What docs/costs.json holds: the machine, and the figures of curves by name."""


def record(curves: Mapping[str, Curve], scale: float) -> None:
    """Write down curves; those of the same machine that were not measured now stay."""
    was, now = read(), machine()
    kept = was["curves"] if was["machine"] == now else {}
    measured = {name: curve.figures() | {"scale": scale} for name, curve in curves.items()}
    found = {"machine": now, "curves": kept | measured}
    RECORDED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    write(found)


def read() -> Record:
    """What is recorded; no curves if nothing is."""
    if not RECORDED.exists():
        return {"machine": {}, "curves": {}}
    found: Record = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def write(found: Record) -> None:
    """Make charts and page of what was recorded."""
    if found["curves"]:
        CHART.write_text(draw(_curves(found)), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


def page(text: str, found: Record) -> str:
    """The page with what stands between the marks made anew."""
    curves = {curve.name: curve for curve in _curves(found)}
    text = made_anew(text, DEPLOYMENT, deployment.told(curves, EVENTS_PER_SECOND, PERSONS))
    return made_anew(text, CURVES, _told(found) if curves else [NOTHING])


def _told(found: Record) -> Iterator[str]:
    on = found["machine"]
    kind = on["model"] or on["system"]
    yield f"On {on['processors']} processors ({kind}), Python {on['python']}."
    yield ""
    yield f"![{len(found['curves'])} curves]({CHART.name})"
    for curve in _curves(found):
        scale = found["curves"][curve.name]["scale"]
        yield from ("", f"### {curve.title}", "")
        yield from table(curve)
        yield ""
        yield curve.words + (f" Measured at {scale:g} of its size." if scale != 1 else "")
        yield from (f"\n{_judged(bound, curve)}" for bound in curve.bounds)


def table(curve: Curve) -> Iterator[str]:
    """A row for each point, x first."""
    names = list(dict.fromkeys([curve.x, *(name for point in curve.points for name in point)]))
    yield _row([spoken(name) for name in names])
    yield "|" + "--:|" * len(names)
    for point in curve.points:
        yield _row([number(point[name]) if name in point else "" for name in names])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _judged(bound: Bound, curve: Curve) -> str:
    limits = [("at most", bound.most), ("at least", bound.least)]
    told = " and ".join(f"{word} {number(limit)}" for word, limit in limits if limit is not None)
    where = "" if bound.at is None else f" at {number(bound.at)} {spoken(curve.x)}"
    kept = "kept" if bound.is_kept(curve.x, curve.points) else "**not kept**"
    return f"Bound: {spoken(bound.number)} {told}{where}; {kept}."


def _curves(found: Record) -> list[Curve]:
    return [Curve.of(one) for one in found["curves"].values()]


if __name__ == "__main__":
    write(read())
