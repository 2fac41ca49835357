"""`tidegauge launch`: mark when a launch begins and ends, list them, tell what one came to."""

import argparse
import os
from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaError
from rich.console import Console

from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from streams.folding import Folding
from streams.launches.asked import can_ask
from streams.launches.launch import Launch
from tidegauge.assembly import folding, load_checked
from tidegauge.kafka_door import brokers
from tidegauge.known_launches import KnownLaunches
from tidegauge.launch_records import Keyed, LaunchRecords, composed, time_of
from tidegauge.producer import Sending, connected
from tidegauge.settings import Settings

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
    parser.add_argument("name", metavar="NAME", type=composed, help="of the launch")
    parser.set_defaults(command=command)
    return parser


def _start(options: argparse.Namespace) -> int:
    settings, rules, now = _prepared(options)
    at = time_of(options.at, rules, now)
    record = LaunchRecords(rules, now).start(
        options.name, at, options.metric, options.guardrail, options.split
    )
    before = KnownLaunches.read(settings, rules)
    known = before.get(options.name)
    if known and not options.correct:
        if known.end is None:
            raise Refusal(
                f"{options.name!r} goes on already; end it first, or say --correct to replace what "
                "was said of it"
            )
        if at < known.end:
            raise Refusal(
                f"{options.name!r} ended later than that; say --correct if it was not to begin anew"
            )

    def is_there(found: KnownLaunches) -> bool:
        launch = found.get(options.name)
        return launch is not None and _says(rules, launch, at, options)

    return _mark(settings, rules, before, record, is_there)


def _says(rules: Folding, launch: Launch, at: int, options: argparse.Namespace) -> bool:
    """Whether a launch that is known is the one that was marked."""
    told = (launch.metrics, launch.guardrails), (options.metric, options.guardrail)
    known, asked = ([can_ask(rules.catalogue, texts) for texts in one] for one in told)
    return (launch.start, known, launch.split) == (at, asked, options.split)


def _end(options: argparse.Namespace) -> int:
    settings, rules, now = _prepared(options)
    at = time_of(options.at, rules, now)
    record = LaunchRecords(rules, now).end(options.name, at)
    before = KnownLaunches.read(settings, rules)
    if not before.problem:
        known = before.named(options.name)
        if at <= known.start:
            raise Refusal(f"{options.name!r} began later than that, so it cannot have ended then")
        if known.end is not None and not options.correct:
            raise Refusal(f"{options.name!r} is over already; say --correct to tell another end")

    def is_there(found: KnownLaunches) -> bool:
        launch = found.get(options.name)
        return launch is not None and launch.end == at

    return _mark(settings, rules, before, record, is_there)


def _mark(
    settings: Settings,
    rules: Folding,
    before: KnownLaunches,
    record: Keyed,
    is_there: Callable[[KnownLaunches], bool],
) -> int:
    """Write a record, and wait until it can be seen where that can be expected."""
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    if before.problem:
        console.print(f"What is known already cannot be seen: {before.problem}")
    try:
        with connected(brokers(settings), settings.kafka_topic) as producer:
            Sending(producer, settings.kafka_topic, lambda _: None).send([record])
    except KafkaError as error:
        raise Refusal(f"sending to {settings.kafka_topic} failed: {error!r}") from error
    console.print(f"Written to {settings.kafka_topic}.")
    if not before.problem and KnownLaunches.wait(settings, rules, is_there, VISIBLE_SECONDS):
        console.print("It is known now.")
    else:
        console.print("`tidegauge launch list` shows it once a worker has counted it.")
    return 0


def _list(options: argparse.Namespace) -> int:
    paper, console = _shown(options).listing(), Console()
    if paper is None:
        console.print("No launch is known. `tidegauge launch start NAME --metric M` marks one.")
    else:
        paper.show(console)
    return 0


def _report(options: argparse.Namespace) -> int:
    paper = _shown(options).report(options.name)
    if options.markdown:
        print(paper.markdown(), end="")  # noqa: T201
    else:
        paper.show(Console())
    return 0


def _prepared(options: argparse.Namespace) -> tuple[Settings, Folding, int]:
    settings = load_checked(options.config, os.environ)
    return settings, folding(settings), wall_clock()


def _shown(options: argparse.Namespace) -> KnownLaunches:
    """What is published; raises Refusal when it cannot be used."""
    settings, rules, _ = _prepared(options)
    known = KnownLaunches.read(settings, rules)
    if known.problem:
        raise Refusal(f"nothing can be told now: {known.problem}")
    return known
