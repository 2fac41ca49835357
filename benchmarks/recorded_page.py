"""A page of docs/ of which a part is made of recorded figures; the rest is written by hand."""

from collections.abc import Iterable

END = "<!-- end -->"


def made_anew(text: str, begin: str, lines: Iterable[str]) -> str:
    """The page with other lines between its mark `begin` and the next end."""
    before, mark, rest = text.partition(begin)
    if not mark:
        raise ValueError(f"the page has no mark {begin}")
    _, _, after = rest.partition(END)
    return "\n".join((before + begin, *lines, END + after))


def number(value: float) -> str:
    """Three digits of it, and no exponent where there are more before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004 - three digits
