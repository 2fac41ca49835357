"""The kinds of panels: a number, a state, lines, lines in their expected band, a table.

A number is asked for at one instant. Where it is absent it says so; Grafana's last value of a
range would go on showing a number that is no more.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeVar

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as formats

from exporters.boards.asking import Query
from exporters.boards.scale import NO_SCALE, Scale, states

SOURCE = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
ABSENT = "not known"
BY_SCALE = models.FieldColorModeId.THRESHOLDS
BY_SERIES = models.FieldColorModeId.PALETTE_CLASSIC
DASHED = models.DynamicConfigValue(
    id_val="custom.lineStyle", value={"fill": "dash", "dash": [8, 8]}
)
AnyPanel = stat.Panel | timeseries.Panel | table.Panel
P = TypeVar("P", stat.Panel, timeseries.Panel, table.Panel)


class About(NamedTuple):
    """What stands above and behind a panel, and what its numbers are in."""

    title: str
    text: str
    unit: str = "short"
    scale: Scale = NO_SCALE


def number(about: About, *queries: Query) -> stat.Panel:
    """What something is now."""
    panel = _about(stat.Panel(), about, BY_SCALE).no_value(ABSENT)
    for place, query in enumerate(queries):
        panel.with_target(_target(place, query).instant())
    return (
        panel.graph_mode(options.BigValueGraphMode.NONE)
        .color_mode(options.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )


def state(about: About, words: Mapping[int, tuple[str, str]], *queries: Query) -> stat.Panel:
    """What state something is in: `words` has text and colour of each value."""
    return (
        number(about, *queries)
        .mappings(states(dict(words)))
        .color_mode(options.BigValueColorMode.BACKGROUND_SOLID)
    )


def lines(about: About, *queries: Query) -> timeseries.Panel:
    """How something went, seen from 0. Where it was absent there is a gap."""
    panel = _about(timeseries.Panel(), about)
    for place, query in enumerate(queries):
        panel.with_target(_target(place, query).range())
    if about.scale.others:
        panel.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.DASHED)
        )
    return (
        panel.line_width(2)
        .axis_soft_min(0)
        .show_points(options.VisibilityMode.NEVER)
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(True)  # noqa: FBT003 - theirs
            .calcs([])
        )
    )


def stacked(about: About, *queries: Query) -> timeseries.Panel:
    """Parts of a whole, one upon the other."""
    stacking = common.StackingConfig().mode(options.StackingMode.NORMAL).group("A")
    return lines(about, *queries).stacking(stacking).fill_opacity(30)


def band(
    about: About, middle: Query, bounds: tuple[Query, Query], *others: Query
) -> timeseries.Panel:
    """A line within two bounds, lower and upper, the space between them filled; others dashed."""
    lower, upper = bounds
    faint = [_property("custom.lineWidth", 0), _color("semi-dark-blue")]
    filled = [
        _property("custom.fillBelowTo", lower.legend),
        _property("custom.fillOpacity", 20),
    ]
    panel = lines(about, middle, lower, upper, *others)
    panel.override_by_name(middle.legend, [_color("orange")])
    panel.override_by_name(lower.legend, faint)
    panel.override_by_name(upper.legend, [*faint, *filled])
    for other in others:
        panel.override_by_name(other.legend, [_color("semi-dark-blue"), DASHED])
    return panel


def bounded(about: About, middle: Query, bounds: tuple[Query, Query]) -> timeseries.Panel:
    """Lines with a lower and an upper bound each, dashed; there may be several, told by legend."""
    panel = lines(about, middle, *bounds)
    for place, _ in enumerate(bounds, start=1):
        panel.override_by_query(_letter(place), [DASHED])
    return panel


def rows(about: About, columns: Mapping[str, Query], units: Mapping[str, str]) -> table.Panel:
    """A line for each label set, a column for each query; these must not keep `__name__`."""
    panel = _about(table.Panel(), about).no_value(ABSENT)
    for place, query in enumerate(columns.values()):
        target = _target(place, query).instant().format(formats.PromQueryFormat.TABLE)
        panel.with_target(target)
    names = {f"Value #{_letter(place)}": name for place, name in enumerate(columns)}
    hidden = {"Time": True, "job": True}
    for name, unit in units.items():
        panel.override_by_name(name, [_property("unit", unit)])
    return panel.with_transformation(
        models.DataTransformerConfig(id_val="merge", options={})
    ).with_transformation(
        models.DataTransformerConfig(
            id_val="organize", options={"excludeByName": hidden, "renameByName": names}
        )
    )


def _about(panel: P, about: About, colors: models.FieldColorModeId = BY_SERIES) -> P:
    words = about.scale.words()
    return (
        panel.title(about.title)
        .description(f"{about.text}\n\n{words}" if words else about.text)
        .datasource(SOURCE)
        .unit(about.unit)
        .thresholds(about.scale.thresholds())
        .color_scheme(dashboard.FieldColor().mode(colors))
    )


def _target(place: int, query: Query) -> prometheus.Dataquery:
    return (
        prometheus.Dataquery()
        .datasource(SOURCE)
        .expr(query.expr)
        .legend_format(query.legend)
        .ref_id(_letter(place))
    )


def _letter(place: int) -> str:
    return chr(ord("A") + place)


def _property(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val=name, value=value)


def _color(color: str) -> models.DynamicConfigValue:
    return _property("color", {"mode": "fixed", "fixedColor": color})
