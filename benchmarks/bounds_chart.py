"""Draws what scenarios of the bounds held: a small chart each, memory over how far they were."""

from collections.abc import Mapping, Sequence

from benchmarks.bounds_point import Point

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 220, 60, 20, 40, 40
COLUMNS = 2
STYLE = (
    "text{font:12px sans-serif;fill:#333}.title{font-weight:bold}"
    ".memory{fill:none;stroke:#1f6f8b;stroke-width:2}.state{fill:none;stroke:#c77d0a;stroke-width:2}"
    ".bound{stroke:#b3261e;stroke-dasharray:5 4}.axis{stroke:#999}"
)


def draw(found: Mapping[str, Sequence[Point]], bounds: Mapping[str, float]) -> str:
    """An SVG of all scenarios; a bound is megabytes at the right end, and begins with 0."""
    rows = -(-len(found) // COLUMNS)
    charts = [
        f'<g transform="translate({i % COLUMNS * WIDTH},{i // COLUMNS * HEIGHT})">'
        f"{_chart(name, points, bounds.get(name, 0))}</g>"
        for i, (name, points) in enumerate(found.items())
    ]
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(charts)}</svg>\n'
    )


def _chart(name: str, points: Sequence[Point], bound: float) -> str:
    right = max(point.done for point in points) or 1
    top = max(bound, *(max(point.memory_megabytes, point.state_megabytes) for point in points)) or 1

    def at(x: float, y: float) -> str:
        across = LEFT + x / right * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f} {HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM):.1f}"

    def line(kind: str, values: Sequence[tuple[float, float]]) -> str:
        return f'<path class="{kind}" d="M{"L".join(at(x, y) for x, y in values)}"/>'

    parts = [
        f'<text class="title" x="{LEFT}" y="20">{name.replace("_", " ")}</text>',
        line("axis", [(0, 0), (right, 0)]),
        line("memory", [(p.done, p.memory_megabytes) for p in points]),
        line("state", [(p.done, p.state_megabytes) for p in points if p.state_megabytes]),
        f'<text x="4" y="{TOP + 4}">{top:,.0f} MB</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 16}">0</text>',
        f'<text x="{WIDTH - RIGHT - 30}" y="{HEIGHT - 16}">{right:g}</text>',
    ]
    if bound:
        parts.append(line("bound", [(0, 0), (right, bound)]))
    return "".join(part for part in parts if 'd="M"' not in part)
