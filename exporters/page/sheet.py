"""What the page says: a card for every metric, in words and drawings, ready for a template.

A number that an audience may not see does not get this far: its cell holds words instead.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from exporters.page import wording
from exporters.page.audience import Audience
from exporters.page.chart import Chart
from streams.catalogue import Metric
from streams.notes import Note


class Cell(NamedTuple):
    """A number in words; `text` says why where there is none."""

    text: str
    detail: str = ""
    """What it rests on: n, and the error of an estimate."""
    shown: bool = True

    @property
    def words(self) -> str:
        """All of it in one line."""
        return f"{self.text} ({self.detail})" if self.detail else self.text


class Extreme(NamedTuple):
    """The highest or lowest day."""

    text: str
    date: str
    """ISO 8601."""
    day: str


class DayRow(NamedTuple):
    """A day in the table that says what the chart draws."""

    date: str
    day: str
    cell: Cell
    state: str


@dataclass(frozen=True)
class Line:
    """One series of a card: by window, and day by day."""

    id: str
    name: str
    """Its label values; empty when the card has but one series."""
    main: Cell
    windows: dict[str | None, Cell]
    days: list[DayRow]
    chart: Chart | None
    """None where no day can be shown."""
    high: Extreme | None
    low: Extreme | None
    summary: str
    """The chart in a sentence."""


class Row(NamedTuple):
    """A label set in the table by label; `share` of the longest bar, 0 to 1."""

    name: str
    cell: Cell
    share: float


class NumberedNote(NamedTuple):
    """A note and its number in the charts."""

    number: int
    note: Note
    dates: str


@dataclass(frozen=True)
class Card:
    """A metric on the page."""

    metric: Metric
    window: str
    """Title of the window of its main number."""
    complete: str
    lines: list[Line]
    windows: list[tuple[str | None, str, str]]
    """Name, title and completeness of each window."""
    label_names: str = ""
    rows: list[Row] = field(default_factory=list)
    rest: str = ""
    """Of the rows that are left out."""
    notes: list[NumberedNote] = field(default_factory=list)

    @property
    def direction(self) -> str:
        """Which direction is good."""
        return wording.DIRECTIONS[self.metric.direction]

    @property
    def kind(self) -> str:
        """How exact it is."""
        return wording.exactness(self.metric)

    @property
    def exported(self) -> str:
        """Its names in Prometheus."""
        return ", ".join(self.metric.gauge_names)


class Partition(NamedTuple):
    """How far a partition is, for those who run it."""

    number: int
    cells: list[str]


@dataclass(frozen=True)
class Sheet:
    """The whole page."""

    audience: Audience
    problems: Sequence[str]
    """Why there are no numbers; empty when there are."""
    topic: str
    as_of: wording.Moment | None
    final_until: wording.Moment | None
    cards: list[Card]
    outcomes: Sequence[str] = ()
    partitions: Sequence[Partition] = ()
    remark: str = ""
    """What is wrong with the notes' file, for those who can mend it."""
