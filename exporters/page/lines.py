"""Makes the lines of a card: which series of a metric are shown, by window and day by day."""

from collections.abc import Collection, Mapping, Sequence

from exporters.page import wording
from exporters.page.audience import Audience, day_of_window
from exporters.page.chart import Chart, Level, draw
from exporters.page.sheet import Cell, DayRow, Extreme, Line
from streams.catalogue import Metric
from streams.figures import Figure, Figures, is_own_size
from streams.history import DAY_WINDOW, Day, Point, extremes, points
from streams.series import Pairs

LINES_MAX = 4
"""Series of a metric that get a chart of their own, where they cannot be added up."""
NOTHING = Cell("–", shown=False)  # noqa: RUF001 - a dash where there is no value
WITHHELD = Cell("withheld", shown=False)
Span = tuple[int, int, int]
"""A note's number, and the places of its first and last day."""


class LineMaker:
    """Makes the lines of one metric for one audience."""

    def __init__(
        self, metric: Metric, figures: Figures, days: Sequence[Day], audience: Audience
    ) -> None:
        self._metric, self._figures, self._days = metric, figures, days
        self._audience = audience
        self.windows = audience.windows(metric)

    @property
    def main(self) -> str | None:
        """The window of the main number: today, else the longest; None when none is shown."""
        if DAY_WINDOW in self.windows:
            return DAY_WINDOW
        return self.windows[-1] if self.windows else None

    @property
    def told_windows(self) -> list[str | None]:
        """The windows in the table; None is the lifetime, which the public is not shown."""
        has_all = self._metric.has_total or bool(self._figures.labels(self._metric, None))
        is_told = has_all and not self._audience.is_public
        return [*self.windows, None] if is_told else [*self.windows]

    def rows(self, figures: Figures, window: str | None) -> dict[Pairs, Figure]:
        """Every label set in a window."""
        found = {
            labels: figures.of(self._metric, window, labels)
            for labels in figures.labels(self._metric, window)
        }
        return {labels: figure for labels, figure in found.items() if figure is not None}

    def series(self) -> list[Pairs]:
        """The label sets of the lines: counts are added up, of others the largest are taken."""
        if not self._metric.window_labels or self._metric.kind == "count":
            return [()]
        rows = self.rows(self._figures, self.main)
        hidden = self._audience.hidden_rows(rows)
        largest = ranked(rows, hidden)[:LINES_MAX]
        return [labels for labels in rows if labels in largest]

    def line(self, labels: Pairs, notes: Sequence[Span]) -> Line:
        """One series with its windows and days."""
        found = points(self._metric, labels, self._days)
        hidden = self._hidden_days(labels, found)
        windows = {w: self._window(w, labels, hidden) for w in self.told_windows}
        shown = [
            point._replace(figure=None) if place in hidden else point
            for place, point in enumerate(found)
        ]
        ends = extremes(shown)
        levels = [self._level(point, labels) for point in shown]
        chart = draw(
            levels,
            high=shown.index(ends.high) if ends else None,
            low=shown.index(ends.low) if ends else None,
            notes=notes,
        )
        return Line(
            id="-".join((self._metric.name, *(str(i) for i in self._place(labels)))),
            name=wording.values_of(labels),
            main=windows.get(self.main, NOTHING),
            windows=windows,
            days=[
                self._day_row(point, labels, withheld=place in hidden)
                for place, point in enumerate(found)
            ][::-1],
            chart=chart if chart.dots else None,
            high=self._extreme(ends.high, labels) if ends else None,
            low=self._extreme(ends.low, labels) if ends else None,
            summary=_summary(shown, chart),
        )

    def cell(self, figure: Figure, labels: Pairs, *, withheld: bool) -> Cell:
        """A number in words, or why it is not shown."""
        if not withheld:
            detail = wording.rests_on(self._metric, figure)
            if figure.value is None:
                return Cell(wording.too_few(self._metric), detail, shown=False)
            return Cell(wording.number(self._metric, figure.value, labels), detail)
        least, minimum = figure.least, self._audience.minimum_group
        if least is None or least >= minimum:
            return WITHHELD
        few = f"fewer than {minimum}"
        if is_own_size(self._metric):
            return Cell(few, shown=False)
        return Cell("withheld", f"{few} stand behind it", shown=False)

    def _place(self, labels: Pairs) -> list[int]:
        """Where a label set stands among all; ids of the page must not hold what events say."""
        return [self._figures.labels(self._metric, self.main).index(labels)] if labels else []

    def _window(self, window: str | None, labels: Pairs, hidden_days: frozenset[int]) -> Cell:
        figure = self._figures.of(self._metric, window, labels)
        if figure is None:
            return NOTHING
        back = day_of_window(window)
        withheld = self._is_hidden(self._figures, window, labels, figure) or (
            back is not None and len(self._days) - 1 - back in hidden_days
        )
        return self.cell(figure, labels, withheld=withheld)

    def _is_hidden(
        self, figures: Figures, window: str | None, labels: Pairs, figure: Figure
    ) -> bool:
        """Whether a number is hidden, by itself or among its neighbours."""
        if labels:
            return labels in self._audience.hidden_rows(self.rows(figures, window))
        return self._audience.hides(figure)

    def _hidden_days(self, labels: Pairs, found: Sequence[Point]) -> frozenset[int]:
        if not self._audience.is_public:
            return frozenset()
        alone = frozenset(
            place
            for place, point in enumerate(found)
            if point.figure is not None
            and self._is_hidden(point.day.figures, DAY_WINDOW, labels, point.figure)
        )
        return self._audience.hidden_days(found, alone)

    def _level(self, point: Point, labels: Pairs) -> Level:
        if point.value is None:
            return Level(None, point.day.complete, "")
        value = wording.number(self._metric, point.value, labels)
        words = f"{wording.day(point.day.date)}: {value}, {_state(point.day)}"
        return Level(point.value, point.day.complete, words)

    def _day_row(self, point: Point, labels: Pairs, *, withheld: bool) -> DayRow:
        day = point.day
        cell = self.cell(point.figure, labels, withheld=withheld) if point.figure else NOTHING
        return DayRow(day.date.isoformat(), wording.day(day.date), cell, _state(day))

    def _extreme(self, point: Point, labels: Pairs) -> Extreme:
        text = wording.number(self._metric, point.value or 0, labels)
        return Extreme(text, point.day.date.isoformat(), wording.day(point.day.date))


def ranked(rows: Mapping[Pairs, Figure], hidden: Collection[Pairs]) -> list[Pairs]:
    """The label sets that are not hidden, the largest first and those without a value last."""

    def rank(labels: Pairs) -> tuple[bool, float, Pairs]:
        value = rows[labels].value
        return value is None, -(value or 0), labels

    return sorted((labels for labels in rows if labels not in hidden), key=rank)


def _summary(shown: Sequence[Point], chart: Chart) -> str:
    """A chart in a few sentences."""
    told = [point for point in shown if point.value is not None]
    if not told:
        return "No day can be shown."
    open_days = sum(not point.day.complete for point in told)
    first, last = told[0].day.date, told[-1].day.date
    partly = f" {open_days} of them not complete, drawn hollow." if open_days else ""
    beyond = " One or more lie above the drawing." if any(d.beyond for d in chart.dots) else ""
    return f"{len(told)} days, {wording.day(first)} to {wording.day(last)}.{partly}{beyond}"


def _state(day: Day) -> str:
    """How far a day can be relied on."""
    if not day.begun:
        return "nothing counted yet"
    if not day.over:
        return "still running"
    if not day.complete:
        return "not complete"
    return "final" if day.final else "complete, not final"
