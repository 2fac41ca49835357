"""Tables and notes that are read on a terminal or as Markdown, whichever is asked for."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

MARKDOWN_ESCAPED = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]<>#|~"})


class Grid(NamedTuple):
    """A table; the first `texts` columns are read, the others are numbers."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    texts: int = 1


class Paper(NamedTuple):
    """Something to read: a title, a line about it, tables, and what to know of them."""

    title: str
    about: str
    grids: Sequence[Grid]
    notes: Sequence[str] = ()

    def show(self, console: Console) -> None:
        """Print it on a terminal."""
        console.print(Text(self.title, "bold"))
        console.print(Text(self.about, "dim"))
        for grid in self.grids:
            console.print()
            console.print(table(grid))
        if self.notes:
            console.print()
        for note in self.notes:
            console.print(Text(note, "dim"))

    def markdown(self) -> str:
        """Write it as Markdown."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"## {_escaped(self.title)}"
        yield f"\n{_escaped(self.about)}"
        for grid in self.grids:
            if grid.title:
                yield f"\n### {_escaped(grid.title)}"
            yield f"\n{_row(grid.columns)}"
            yield _rule(grid)
            yield from map(_row, grid.rows)
        if self.notes:
            yield ""
        yield from (f"- {_escaped(note)}" for note in self.notes)


def table(grid: Grid) -> Table:
    """The table for a terminal, in the house's style; no number is ever cut."""
    title = Text(grid.title) if grid.title else None
    found = Table(box=None, pad_edge=False, header_style="dim", title=title, title_justify="left")
    for place, column in enumerate(grid.columns):
        is_text = place < grid.texts
        justify, overflow = ("left", "fold") if is_text else ("right", "ellipsis")
        found.add_column(column, justify=justify, overflow=overflow, no_wrap=not is_text)  # type: ignore[arg-type]
    for row in grid.rows:
        found.add_row(*map(Text, row))
    return found


def _rule(grid: Grid) -> str:
    ends = ("---" if place < grid.texts else "---:" for place in range(len(grid.columns)))
    return f"|{'|'.join(ends)}|"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_escaped, cells))} |"


def _escaped(text: str) -> str:
    return text.translate(MARKDOWN_ESCAPED)
