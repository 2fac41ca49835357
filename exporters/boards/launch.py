"""The board of a launch: what has changed since, against the same hours of the weeks before."""

from exporters.boards import frame, trust
from exporters.boards.asking import EACH, JOB, Query, series
from exporters.boards.board import QUARTER, WHOLE, Board
from exporters.boards.panels import About, AnyPanel, bounded, lines, number, rows
from exporters.boards.scale import GOOD, NONE_IS_GOOD, PLAIN, Scale, states
from exporters.boards.texts import HELP, SHARE
from exporters.recording import recorded
from streams.catalogue import PREFIX, Catalogue
from streams.launches.asked import can_be_compared

LAUNCH, METRIC = 'launch="$launch"', 'metric="$metric"'
GOAL = 'goal=~"$goal|"'
"""Of the chosen goals, or of none: there are metrics without."""
START, END = "launch_start_timestamp_seconds", "launch_end_timestamp_seconds"
Side = tuple[str, str]
ABOVE: Side = ("launch_effect_lower_ratio", "> 0")
BELOW: Side = ("launch_effect_upper_ratio", "< 0")
INSTANT = "dateTimeAsLocal"
WEEKS = (1, 2, 3, 4)
EFFECT = (
    "How much more, or less, there was since the start of the launch than the same hours of the "
    "weeks before let expect, and the interval that holds the true difference about 95 times of "
    "100. An interval that holds 0 says that there may be no effect."
)
BEFORE = (
    "The metric in the last hour, and in the same hours of the four weeks before. A count is the "
    "sum over all its labels but the goal, whatever the launch asks about; anything else is as it "
    "is exported. Needs as many weeks of recorded series."
)


def launch(catalogue: Catalogue) -> Board:
    """The chosen launch: its effect, its guardrails, then each of its metrics over time."""
    board = Board(
        catalogue,
        "launch",
        "launch",
        "What has changed since a launch, against the same hours of the weeks before?",
        [
            frame.asked("launch", "Launch", frame.values_of(START, "launch")),
            frame.several("metric", "Metric", frame.values_of("launch_info", "metric", LAUNCH)),
            frame.several("goal", "Goal", frame.values_of("windowed_conversions", "goal")),
        ],
    )
    board.since("now-14d")
    trust.strip(board, "24h")
    board.row("$launch")
    board.add(_started(), QUARTER, 4)
    board.add(_ended(), QUARTER, 4)
    board.add(_gained(catalogue), QUARTER, 4)
    board.add(_hurt(catalogue), QUARTER, 4)
    board.add(_effects("Goals", "goal"))
    board.add(_effects("Guardrails", "guardrail"))
    board.row("$metric", repeat="metric")
    labels = _labels(catalogue)
    board.add(_seen(labels))
    board.add(_effect(labels))
    board.add(_weeks_before(labels), WHOLE)
    return board


def _started() -> AnyPanel:
    about = About("Started", HELP[START], INSTANT)
    return number(about, Query(f"{series(START, LAUNCH)} * 1000", "{{launch}}"))


def _ended() -> AnyPanel:
    expr = f"{series(END, LAUNCH)} * 1000 or {series(START, LAUNCH)} * 0"
    about = About("Ended", HELP[END], INSTANT)
    return number(about, Query(expr, "{{launch}}")).mappings(states({0: ("still on", PLAIN)}))


def _gained(catalogue: Catalogue) -> AnyPanel:
    text = "Goals whose whole interval lies on the good side of no effect."
    about = About("Goals that gained", text, "short", Scale(PLAIN, ((1, GOOD),)))
    return number(about, _beyond(catalogue, "goal", ABOVE, BELOW))


def _hurt(catalogue: Catalogue) -> AnyPanel:
    text = "Guardrails whose whole interval lies on the bad side of no effect."
    about = About("Guardrails that are hurt", text, "short", NONE_IS_GOOD)
    return number(about, _beyond(catalogue, "guardrail", BELOW, ABOVE))


def _beyond(
    catalogue: Catalogue, role: str, if_more_is_better: Side, if_less_is_better: Side
) -> Query:
    """How many metrics of a role have their whole interval on that side of no effect."""
    less = "|".join(m.name for m in catalogue.metrics.values() if m.direction == "down")
    sides = (
        (f'metric!~"{less}"', if_more_is_better),
        (f'metric=~"{less}"', if_less_is_better),
    )
    of_role = LAUNCH, f'role="{role}"'
    beyond = " or ".join(
        f"{series(bound, *of_role, matcher)} {side}" for matcher, (bound, side) in sides
    )
    known = series("launch_effect_ratio", *of_role)
    return Query(f"count {EACH} ({beyond}) or 0 * count {EACH} ({known})", "{{job}}")


def _effects(title: str, role: str) -> AnyPanel:
    of_role = LAUNCH, f'role="{role}"'
    columns = {
        "effect": "effect_ratio",
        "at least": "effect_lower_ratio",
        "at most": "effect_upper_ratio",
        "seen": "seen",
        "expected": "expected",
    }
    asked = {
        word: Query(f"max without (launch, role) ({series(f'launch_{name}', *of_role)})")
        for word, name in columns.items()
    }
    shares = {word: SHARE for word, name in columns.items() if name.endswith("_ratio")}
    return rows(About(title, EFFECT), asked, shares)


def _labels(catalogue: Catalogue) -> str:
    """The part of a legend that tells lines of a metric apart, whichever metric it is."""
    metrics = [one for one in catalogue.metrics.values() if can_be_compared(catalogue, one)]
    labels = sorted({label for one in metrics for label in one.window_labels})
    return " ".join(f"{{{{{label}}}}}" for label in labels)


def _seen(labels: str) -> AnyPanel:
    about = About("$metric: seen and expected", f"{HELP['launch_seen']} {HELP['launch_expected']}")
    of_metric = LAUNCH, METRIC, GOAL
    return lines(
        about,
        Query(series("launch_seen", *of_metric), f"seen {labels}"),
        Query(series("launch_expected", *of_metric), f"expected {labels}"),
    )


def _effect(labels: str) -> AnyPanel:
    of_metric = LAUNCH, METRIC, GOAL
    effect, lower, upper = (
        Query(series(f"launch_{name}_ratio", *of_metric), f"{word} {labels}")
        for name, word in (
            ("effect", "effect"),
            ("effect_lower", "at least"),
            ("effect_upper", "at most"),
        )
    )
    return bounded(About("$metric: effect", EFFECT, SHARE), effect, (lower, upper))


def _weeks_before(labels: str) -> AnyPanel:
    about = About("$metric: the same hours of the weeks before", BEFORE)
    asked = [Query(_last_hour(), f"now {labels}")]
    asked += [
        Query(_last_hour(f" offset {week}w"), f"{week} weeks before {labels}") for week in WEEKS
    ]
    return lines(about, *asked)


def _last_hour(offset: str = "") -> str:
    """The metric in the last hour: a count by goal in all, any other as it is."""
    matchers = f'{JOB},window="1h",{GOAL}'
    counted, other = (
        f'{{__name__="{recorded(f"{PREFIX}{middle}${{metric}}")}",{matchers}}}{offset}'
        for middle in ("windowed_", "")
    )
    return f"sum by (job, goal) ({counted}) or {other}"
