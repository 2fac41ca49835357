"""A board while it is made: each call adds a panel, left to right and then below.

What is shown of a metric (title, description, unit, labels) is what the catalogue says of it; a
metric that the catalogue does not have leaves no panel.
"""

import json
from collections.abc import Iterable
from itertools import count

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from exporters.boards import frame, panels
from exporters.boards.asking import Query, rate, series
from exporters.boards.layout import WIDTH, Layout
from exporters.boards.panels import About, AnyPanel
from exporters.boards.scale import NO_SCALE, Scale
from exporters.boards.texts import description, legend, short_name, title, unit
from streams.catalogue import Catalogue, Metric

Variable = Builder[models.VariableModel]
QUARTER, THIRD, HALF, WHOLE = 6, 8, 12, WIDTH
LOW, USUAL = 3, 8
SCHEMA = 41
"""The version of Grafana 12.1; newer ones lift a board to theirs, older ones would not know it."""
AN_HOUR = (
    "As it is counted: what is caught up on after an outage stands here as a peak. The windows, "
    "which go by when things happened, know of none."
)


class Board:
    """A board of one catalogue; `text` is the file."""

    def __init__(
        self,
        catalogue: Catalogue,
        name: str,
        heading: str,
        text: str,
        variables: Iterable[Variable] = (),
        job: Variable | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.name = name
        self.shown: set[str] = set()
        """Names of the metrics it shows."""
        self._numbers, self._layout = count(1), Layout()
        self._made = (
            dashboard.Dashboard(f"tidegauge: {heading}")
            .uid(frame.uid(name))
            .description(text)
            .tags(frame.tags(name))
            .readonly()
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .refresh("30s")
            .time("now-24h", "now")
            .timezone("browser")
            .links(list(frame.links(name)))
            .annotations(list(frame.launch_marks()))
            .variables([frame.source(), job or frame.job(), *variables])
        )

    def text(self) -> str:
        """What Grafana reads."""
        made = json.loads(json.dumps(self._made.build(), cls=JSONEncoder))
        made["schemaVersion"] = SCHEMA
        for one in (*made["links"], *made["annotations"]["list"]):
            del one["placement"]  # the library knows one place only, in a menu that is shut
        return json.dumps(made, indent=2, sort_keys=True) + "\n"

    def since(self, begin: str) -> None:
        """Show the time from there on to begin with."""
        self._made.time(begin, "now")

    def row(self, heading: str, repeat: str = "") -> None:
        """Begin a part of the board; it is there once for each value of the variable `repeat`."""
        row = dashboard.Row(heading).id(next(self._numbers)).grid_pos(self._layout.heading())
        self._made.with_row(row.repeat(repeat) if repeat else row)

    def add(self, panel: AnyPanel, width: int = HALF, height: int = USUAL) -> None:
        """Add a panel of that size."""
        place = self._layout.place(width, height)
        self._made.with_panel(panel.id(next(self._numbers)).grid_pos(place))

    def number(
        self,
        name: str,
        *matchers: str,
        part: str = "",
        through: str = "{}",
        scale: Scale = NO_SCALE,
        heading: str = "",
        width: int = QUARTER,
        height: int = 4,
    ) -> None:
        """What a metric is now; `through` is PromQL that its series go through."""
        if (metric := self._metric(name)) is not None:
            asked = _asked(metric, matchers, part, through)
            about = _about(metric, part, scale, heading)
            self.add(panels.number(about, asked), width, height)

    def lines(
        self,
        name: str,
        *matchers: str,
        part: str = "",
        through: str = "{}",
        scale: Scale = NO_SCALE,
        width: int = HALF,
    ) -> None:
        """How a metric went."""
        if (metric := self._metric(name)) is not None:
            asked = _asked(metric, matchers, part, through)
            self.add(panels.lines(_about(metric, part, scale), asked), width)

    def parts(self, name: str, *matchers: str, width: int = HALF) -> None:
        """How the label sets of a metric, which add up, went."""
        if (metric := self._metric(name)) is not None:
            self.add(panels.stacked(_about(metric), _asked(metric, matchers)), width)

    def an_hour(self, name: str, label: str, width: int = HALF) -> None:
        """How many an hour were counted of each value of a label that only the counter has."""
        if (metric := self._metric(name)) is not None:
            expr = f"sum by (job, {label}) ({rate(metric.name)}) * 3600"
            about = About(
                f"{metric.title} an hour, by {label}", f"{metric.definition}\n\n{AN_HOUR}"
            )
            self.add(panels.stacked(about, Query(expr, f"{{{{{label}}}}}")), width)

    def _metric(self, name: str) -> Metric | None:
        self.shown.add(name)
        return self.catalogue.metrics.get(name)


def _asked(metric: Metric, matchers: tuple[str, ...], part: str = "", through: str = "{}") -> Query:
    expr = through.format(series(short_name(metric, part), *matchers))
    return Query(expr, legend(metric, matchers))


def _about(metric: Metric, part: str = "", scale: Scale = NO_SCALE, heading: str = "") -> About:
    return About(
        heading or title(metric, part), description(metric, part), unit(metric, part), scale
    )
