"""Makes the sheet of a view: a card for each metric an audience is shown."""

from collections.abc import Sequence

from exporters.page import wording
from exporters.page.audience import Audience
from exporters.page.lines import LINES_MAX, LineMaker, Span, ranked
from exporters.page.sheet import Card, NumberedNote, Partition, Row, Sheet
from exporters.view import View
from streams.catalogue import Metric
from streams.figures import Figures
from streams.folding import Folding
from streams.history import Day
from streams.notes import Note
from streams.outcomes import OUTCOMES
from streams.panes import LIFETIME, NO_WATERMARK, Calendar
from streams.published import Published
from streams.reading import Reading
from streams.unit import OUTCOMES as OUTCOMES_ACCOUNT

ROWS_MAX = 10
"""Label sets shown of a metric; the rest is summed up in a sentence."""


def sheet_of(
    folding: Folding,
    view: View,
    days: Sequence[Day],
    notes: Sequence[Note],
    audience: Audience,
    remark: str = "",
) -> Sheet:
    """All that is shown of a view; `days` are read at its instant, the oldest first."""
    calendar, reading = folding.calendar, view.reading
    metrics = folding.catalogue.metrics
    names = metrics if audience.metrics is None else audience.metrics
    source = view.snapshot.source
    final = reading.final_until if reading else 0
    return Sheet(
        audience=audience,
        problems=view.snapshot.problems,
        topic=source.topic if source and not audience.is_public else "",
        as_of=wording.Moment(reading.as_of, calendar) if reading else None,
        final_until=wording.Moment(final, calendar) if final > 0 else None,
        cards=_cards([metrics[name] for name in names], folding, reading, days, notes, audience)
        if reading
        else [],
        outcomes=[outcome.replace("_", " ") for outcome in OUTCOMES],
        partitions=[]
        if audience.is_public
        else [
            _partition(number, published, calendar)
            for number, published in sorted(view.snapshot.partitions.items())
        ],
        remark=remark,
    )


def _cards(
    metrics: Sequence[Metric],
    folding: Folding,
    reading: Reading,
    days: Sequence[Day],
    notes: Sequence[Note],
    audience: Audience,
) -> list[Card]:
    figures = Figures(folding.catalogue, reading.series)
    return [
        _card(
            LineMaker(metric, figures, days, audience),
            metric,
            figures,
            reading,
            days,
            [note for note in notes if note.metric == metric.name],
            audience,
        )
        for metric in metrics
    ]


def _card(
    maker: LineMaker,
    metric: Metric,
    figures: Figures,
    reading: Reading,
    days: Sequence[Day],
    notes: Sequence[Note],
    audience: Audience,
) -> Card:
    main = maker.main
    numbered = [
        NumberedNote(number, note, _dates(note)) for number, note in enumerate(notes, start=1)
    ]
    spans = [span for one in numbered if (span := _span(one, days)) is not None]
    rows, rest = _rows(maker, metric, figures, audience)
    return Card(
        metric=metric,
        window=wording.window(metric, main),
        complete=wording.COMPLETE[reading.complete[main]] if main else "",
        lines=[maker.line(labels, spans) for labels in maker.series()],
        windows=[
            (
                name,
                wording.window(metric, name),
                "" if name is None else wording.COMPLETE[reading.complete[name]],
            )
            for name in maker.told_windows
        ],
        label_names=", ".join(metric.window_labels).replace("_", " "),
        rows=rows,
        rest=rest,
        notes=numbered,
    )


def _rows(
    maker: LineMaker, metric: Metric, figures: Figures, audience: Audience
) -> tuple[list[Row], str]:
    """The largest label sets of the main window, and what to say of the others."""
    found = maker.rows(figures, maker.main)
    if not metric.window_labels or (metric.kind != "count" and len(found) <= LINES_MAX):
        return [], ""
    hidden = audience.hidden_rows(found)
    order = ranked(found, hidden)
    sizes = {labels: max(0.0, found[labels].value or 0) for labels in order}
    longest = max(sizes.values(), default=0) or 1
    rows = [
        Row(
            wording.values_of(labels),
            maker.cell(found[labels], labels, withheld=False),
            sizes[labels] / longest,
        )
        for labels in order[:ROWS_MAX]
    ]
    more = order[ROWS_MAX:]
    told = [f"{len(more)} more in /metrics" if not audience.is_public else f"{len(more)} more"]
    if metric.kind == "count":
        told[0] += f", {sum(sizes[labels] for labels in more):,.0f} together"
    few = f"{len(hidden)} withheld, as fewer than {audience.minimum_group} stand behind some"
    return rows, "; ".join((told if more else []) + ([few] if hidden else []))


def _span(numbered: NumberedNote, days: Sequence[Day]) -> Span | None:
    """Places of the days a note is about; None when none of them is drawn."""
    note = numbered.note
    places = [i for i, day in enumerate(days) if note.date <= day.date <= note.until]
    return (numbered.number, places[0], places[-1]) if places else None


def _dates(note: Note) -> str:
    first = f"{wording.day(note.date)} {note.date.year}"
    if note.until == note.date:
        return first
    return f"{first} to {wording.day(note.until)} {note.until.year}"


def _partition(number: int, published: Published, calendar: Calendar) -> Partition:
    progress = published.progress
    unit = published.units.get(LIFETIME)
    outcomes = unit.state.get(OUTCOMES_ACCOUNT, {}) if unit else {}
    watermark = progress.watermark
    return Partition(
        number,
        [
            f"{progress.offset:,}",
            f"{progress.lag:,}",
            "not known" if watermark == NO_WATERMARK else wording.Moment(watermark, calendar).full,
            wording.Moment(progress.published_at, calendar).full,
            *(f"{outcomes.get((outcome,), 0):,}" for outcome in OUTCOMES),
        ],
    )
