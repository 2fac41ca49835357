"""`tidegauge launch`: mark when a launch begins and ends, list them, tell what one came to."""

import argparse
import difflib
import os
from collections.abc import Callable, Sequence
from typing import Any

from kafka.errors import KafkaError
from rich.console import Console

from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from exporters.view import View
from streams.folding import Folding
from streams.launches.asked import can_ask
from streams.launches.comparison import compare
from streams.launches.launch import Launch, found
from streams.launches.split import split
from streams.past import Past
from tidegauge.assembly import folding, load_checked
from tidegauge.launch_records import Keyed, LaunchRecords, time_of
from tidegauge.launch_report import listing, report
from tidegauge.producer import Sending, connected
from tidegauge.settings import Settings
from tidegauge.view import read_view

VISIBLE_SECONDS = 15.0

DESCRIPTION = """
A launch is told by events on your topic, so workers and Redis need not be there to mark one. What
it came to is read in Redis, as the exporter does. See docs/launches.md.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `launch` to the command line."""
    parser = commands.add_parser(
        "launch",
        help="mark a launch, and tell what it came to",
        description=DESCRIPTION,
    )
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    start = _add(actions, shared, "start", _start, "say that a launch begins")
    for option, text in (
        ("--metric", 'what it is to change, such as conversions or conversions{goal="order"}'),
        ("--guardrail", "what it must not change for the worse"),
    ):
        start.add_argument(option, action="append", default=[], metavar="METRIC", help=text)
    start.add_argument(
        "--split", default="", metavar="SEGMENT", help="a segment whose parts are compared"
    )
    end = _add(actions, shared, "end", _end, "say that it is over")
    for marking in (start, end):
        marking.add_argument(
            "--at",
            metavar="TIME",
            help="when it was: 2026-11-01T08:00, in the reporting time zone, or "
            "2026-11-01T08:00+01:00; now if not given",
        )
        marking.add_argument(
            "--correct", action="store_true", help="replace what was said of it before"
        )
    actions.add_parser(
        "list", parents=[shared], help="list the launches that are known"
    ).set_defaults(command=_list)
    told = _add(actions, shared, "report", _report, "tell what it came to")
    told.add_argument("--markdown", action="store_true", help="as Markdown, to paste somewhere")


def _add(
    actions: Any,
    shared: argparse.ArgumentParser,
    name: str,
    command: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, parents=[shared], help=text)
    parser.add_argument("name", metavar="NAME", help="of the launch")
    parser.set_defaults(command=command)
    return parser


def _start(options: argparse.Namespace) -> int:
    settings, rules, now = _prepared(options)
    at = time_of(options.at, rules, now)
    record = LaunchRecords(rules, now).start(
        options.name, at, options.metric, options.guardrail, options.split
    )
    view = read_view(settings, rules)
    known = _by_name(rules, view).get(options.name)
    if known and known.end is None and not options.correct:
        raise Refusal(
            f"{options.name!r} goes on already; end it first, or say --correct to replace what was "
            "said of it"
        )
    if known and known.end is not None and at < known.end and not options.correct:
        raise Refusal(
            f"{options.name!r} ended later than that; say --correct if it was not to begin anew"
        )

    def is_there(view: View) -> bool:
        launch = _by_name(rules, view).get(options.name)
        return launch is not None and _says(rules, launch, at, options)

    return _mark(settings, rules, view, record, is_there)


def _says(rules: Folding, launch: Launch, at: int, options: argparse.Namespace) -> bool:
    """Whether a launch that is known is the one that was marked."""
    told = (launch.metrics, launch.guardrails), (options.metric, options.guardrail)
    metrics, asked = ([can_ask(rules.catalogue, texts) for texts in one] for one in told)
    return (launch.start, metrics, launch.split) == (at, asked, options.split)


def _end(options: argparse.Namespace) -> int:
    settings, rules, now = _prepared(options)
    at = time_of(options.at, rules, now)
    record = LaunchRecords(rules, now).end(options.name, at)
    view = read_view(settings, rules)
    if view.reading is not None:
        known = _named(rules, view, options.name)
        if at <= known.start:
            raise Refusal(f"{options.name!r} began later than that, so it cannot have ended then")
        if known.end is not None and not options.correct:
            raise Refusal(f"{options.name!r} is over already; say --correct to tell another end")

    def is_there(view: View) -> bool:
        launch = _by_name(rules, view).get(options.name)
        return launch is not None and launch.end == at

    return _mark(settings, rules, view, record, is_there)


def _list(options: argparse.Namespace) -> int:
    settings, rules, _ = _prepared(options)
    view = _shown(settings, rules)
    launches = list(_by_name(rules, view).values())
    console = Console()
    if launches:
        listing(rules, launches, _instant(view)).show(console)
    else:
        console.print("No launch is known. `tidegauge launch start NAME --metric M` marks one.")
    return 0


def _report(options: argparse.Namespace) -> int:
    settings, rules, _ = _prepared(options)
    view = _shown(settings, rules)
    launch, instant = _named(rules, view, options.name), _instant(view)
    partitions = list(view.snapshot.partitions.values())
    parts = split(rules, partitions, instant, launch)
    past = Past(rules)
    past.take(partitions)
    paper = report(rules, launch, instant, compare(past, launch, instant), parts)
    if options.markdown:
        print(paper.markdown(), end="")  # noqa: T201
    else:
        paper.show(Console())
    return 0


def _prepared(options: argparse.Namespace) -> tuple[Settings, Folding, int]:
    settings = load_checked(options.config, os.environ)
    return settings, folding(settings), wall_clock()


def _mark(
    settings: Settings,
    rules: Folding,
    before: View,
    record: Keyed,
    is_there: Callable[[View], bool],
) -> int:
    """Write a record, and wait until it can be seen where that can be expected."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    if before.reading is None:
        console.print(f"What is known already cannot be seen: {_problems(before)}")
    try:
        with connected(settings.kafka_bootstrap, settings.kafka_topic) as producer:
            Sending(producer, settings.kafka_topic, lambda _: None).send([record])
    except KafkaError as error:
        raise Refusal(f"sending to {settings.kafka_topic} failed: {error!r}") from error
    console.print(f"Written to {settings.kafka_topic}.")
    wait = VISIBLE_SECONDS if before.reading is not None else 0
    if wait and is_there(read_view(settings, rules, is_there, wait)):
        console.print("It is known, and the exporter shows it.")
    else:
        console.print("`tidegauge launch list` shows it once a worker has counted it.")
    return 0


def _shown(settings: Settings, rules: Folding) -> View:
    """What is published; raises Refusal when it cannot be used."""
    view = read_view(settings, rules)
    if view.reading is None:
        raise Refusal(f"nothing can be told now: {_problems(view)}")
    return view


def _problems(view: View) -> str:
    return "; ".join(view.snapshot.problems)


def _instant(view: View) -> int:
    return 0 if view.reading is None else view.reading.as_of


def _by_name(rules: Folding, view: View) -> dict[str, Launch]:
    """The launches that are known, in the order of their starts; none where nothing is."""
    partitions = [] if view.reading is None else view.snapshot.partitions.values()
    return {launch.name: launch for launch in found(rules, partitions)}


def _named(rules: Folding, view: View, name: str) -> Launch:
    known = _by_name(rules, view)
    if name not in known:
        raise Refusal(f"no launch {name!r} is known; {_hint(name, [*known])}")
    return known[name]


def _hint(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(map(repr, known))}" if known else "there is none"
