"""Draws small charts of lines, two beside each other, as SVG."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

from benchmarks.recorded_page import number

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 250, 60, 20, 60, 40
COLUMNS = 2
COLOURS = ("#1f6f8b", "#c77d0a", "#6a3d9a", "#4d7c0f")
BOUND_COLOUR = "#b3261e"
STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}.end{text-anchor:end}"
    "path{fill:none;stroke-width:2}.axis{stroke:#999;stroke-width:1}"
    f".bound{{stroke:{BOUND_COLOUR};stroke-width:1;stroke-dasharray:5 4}}"
)

Pairs = Sequence[tuple[float, float]]


class Chart(NamedTuple):
    """Lines over one x; both axes begin with 0."""

    title: str
    x: str
    unit: str
    """Of what is drawn upwards."""
    lines: Mapping[str, Pairs]
    """By what they show, four at most."""
    bound: Pairs = ()


def draw(charts: Sequence[Chart]) -> str:
    """An SVG of all charts."""
    placed = "".join(
        f'<g transform="translate({i % COLUMNS * WIDTH},{i // COLUMNS * HEIGHT})">'
        f"{_drawn(chart)}</g>"
        for i, chart in enumerate(charts)
    )
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {-(-len(charts) // COLUMNS) * HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{placed}</svg>\n'
    )


def _drawn(chart: Chart) -> str:
    every = [pair for line in (*chart.lines.values(), chart.bound) for pair in line]
    right, top = (max((pair[n] for pair in every), default=0) or 1 for n in (0, 1))

    def at(x: float, y: float) -> str:
        across = LEFT + x / right * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f} {HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM):.1f}"

    def path(pairs: Pairs, look: str) -> str:
        return f'<path {look} d="M{"L".join(at(x, y) for x, y in pairs)}"/>' if pairs else ""

    shown = zip(COLOURS, chart.lines.items(), strict=False)
    named = "".join(
        f'<tspan dx="{12 if i else 0}" style="fill:{colour}">{escape(name)}</tspan>'
        for i, (colour, name) in enumerate(zip(COLOURS, chart.lines, strict=False))
    )
    told = f"{number(right)} {escape(chart.x)}"
    return "".join(
        (
            f'<text class="title" x="{LEFT}" y="20">{escape(chart.title)}</text>',
            f'<text x="{LEFT}" y="38">{named}</text>',
            path([(0, 0), (right, 0)], 'class="axis"'),
            *(path(pairs, f'style="stroke:{colour}"') for colour, (_, pairs) in shown),
            path(chart.bound, 'class="bound"'),
            f'<text x="4" y="{TOP - 6}">{number(top)} {escape(chart.unit)}</text>',
            f'<text x="{LEFT}" y="{HEIGHT - 22}">0</text>',
            f'<text class="end" x="{WIDTH - RIGHT}" y="{HEIGHT - 22}">{told}</text>',
        )
    )
