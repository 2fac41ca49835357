"""Draws who does how many records a second: a bar each, and the spread over the rounds."""

from collections.abc import Mapping

WIDTH, LEFT, RIGHT, TOP, BAR, STEP = 840, 250, 130, 20, 16, 28
STYLE = (
    "text{font:12px sans-serif;fill:#333}.name{text-anchor:end}.ours{fill:#1f6f8b}"
    ".theirs{fill:#c77d0a}.reading{fill:#999}.spread{stroke:#333}"
)


def draw(rates: Mapping[str, Mapping[str, float]]) -> str:
    """An SVG of records a second: median, least and most by name."""
    right = max(rate["most"] for rate in rates.values())
    height = 2 * TOP + STEP * len(rates)
    bars = "".join(
        _bar(number, name, rate, right) for number, (name, rate) in enumerate(rates.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">'
        f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>{bars}</svg>\n'
    )


def _bar(number: int, name: str, rate: Mapping[str, float], right: float) -> str:
    def at(value: float) -> float:
        return LEFT + value / right * (WIDTH - LEFT - RIGHT)

    top = TOP + number * STEP
    middle, base = top + BAR / 2, top + BAR - 4
    wide = at(rate["median"]) - LEFT
    kind = "ours" if name.startswith("tidegauge") else "theirs"
    if "reading only" in name:
        kind = "reading"
    return (
        f'<text class="name" x="{LEFT - 8}" y="{base}">{name}</text>'
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{wide:.1f}" height="{BAR}"/>'
        f'<path class="spread" d="M{at(rate["least"]):.1f} {middle}H{at(rate["most"]):.1f}"/>'
        f'<text x="{at(rate["most"]) + 8:.1f}" y="{base}">{rate["median"]:,.0f} /s</text>'
    )
