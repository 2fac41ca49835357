"""What every board has around its panels: variables, marks of launches, links to the others."""

from collections.abc import Iterable

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.models import dashboard as models

from exporters.boards.asking import series
from exporters.boards.panels import SOURCE
from exporters.recording import recorded
from streams.catalogue import PREFIX

TAG, NUMBERS = "tidegauge", "tidegauge-numbers"
PIPELINE = "pipeline"
LAUNCH_MARKS = {
    "Launches": ("launch_start_timestamp_seconds", "{{launch}} starts", "purple"),
    "Ends of launches": ("launch_end_timestamp_seconds", "{{launch}} ends", "semi-dark-purple"),
}
DAYS = ("today", "yesterday", "7d", "30d")
"""Windows that every metric has that has any."""
ALL = models.VariableOption(selected=True, text=["All"], value=["$__all"])


def source() -> dashboard.DatasourceVariable:
    """Which Prometheus is asked."""
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def asked(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A choice of one among what Prometheus answers."""
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .query(query)
        .definition(query)
        .datasource(SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
    )


def several(name: str, label: str, query: str) -> dashboard.QueryVariable:
    """A choice of any number; all of them to begin with."""
    return asked(name, label, query).multi(True).include_all(True).all_value(".+").current(ALL)  # noqa: FBT003


def one_of(name: str, label: str, values: Iterable[str], first: str) -> dashboard.CustomVariable:
    """A choice of one among what is known beforehand."""
    known = list(values)
    return (
        dashboard.CustomVariable(name)
        .label(label)
        .values(",".join(known))
        .options([_option(value, first) for value in known])
        .current(_option(first, first))
    )


def _option(value: str, chosen: str) -> models.VariableOption:
    return models.VariableOption(selected=value == chosen, text=value, value=value)


def values_of(name: str, label: str, *matchers: str) -> str:
    """Asks for the values of a label of a recorded series."""
    return f"label_values({series(name, *matchers)}, {label})"


def job() -> dashboard.QueryVariable:
    """The exporters whose numbers are shown."""
    return several("job", "Job", f"label_values({recorded(PREFIX + 'up')}, job)")


def links(board: str) -> Iterable[dashboard.DashboardLink]:
    """From a board to the others at the same time, and with the same choices where these fit.

    On the board of the pipeline `job` chooses workers too: what is chosen elsewhere would hide
    them, and what is chosen there would hide the numbers.
    """
    boards = dashboard.DashboardLink("Boards").type(models.DashboardLinkType.DASHBOARDS)
    yield boards.tags([NUMBERS]).keep_time(True).include_vars(board != PIPELINE)  # noqa: FBT003
    pipeline = dashboard.DashboardLink("Pipeline").type(models.DashboardLinkType.LINK)
    address = f"/d/{uid(PIPELINE)}?var-datasource=${{datasource}}"
    yield pipeline.url(address).icon("dashboard").keep_time(True)  # noqa: FBT003


def tags(board: str) -> list[str]:
    """By which boards are found, and linked to."""
    return [TAG] if board == PIPELINE else [TAG, NUMBERS]


def uid(board: str) -> str:
    """What a board is called in addresses."""
    return f"{TAG}-{board}"


def launch_marks() -> Iterable[dashboard.AnnotationQuery]:
    """When launches started and ended: the value of the series is the time of its mark."""
    for name, (gauge, title, color) in LAUNCH_MARKS.items():
        expr = f"{series(gauge)} * 1000"
        yield (
            dashboard.AnnotationQuery()
            .name(name)
            .datasource(SOURCE)
            .enable(True)  # noqa: FBT003
            .icon_color(color)
            .expr(expr)
            .target(prometheus.Dataquery().expr(expr).ref_id("Anno").range())
            .title_format(title)
            .tag_keys("launch")
            .step("60s")
            .use_value_for_time(True)  # noqa: FBT003
        )
