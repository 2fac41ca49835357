"""`tidegauge import`: state who was subscribed before the data began, once, from a file."""

import argparse
import collections
import itertools
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from kafka.errors import KafkaError
from rich.console import Console
from rich.progress import Progress

from agents.findings import counted
from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from streams.decoding import EARLIEST
from streams.schema import Problem
from tidegauge.assembly import folding, load_checked
from tidegauge.kafka_door import brokers
from tidegauge.producer import Sending, connected
from tidegauge.settings import Settings
from tidegauge.subscriber_file import SubscriberList, Terms, read_subscribers
from tidegauge.subscriber_records import SubscriberRecords

MOST_SHOWN = 20
"""Mistakes of a file that are told."""
EXAMPLES = 3

DESCRIPTION = """
Write to your topic who is subscribed to which plan since when, and then that the list is whole:
until that is stated, churn is absent. The file is CSV with the columns user_id, plan and
subscribed_at. With a mistake in it nothing is written; to import a list again changes nothing.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `import` to the command line."""
    parser = commands.add_parser(
        "import",
        parents=[shared],
        help="tell from a file who has been subscribed since when, so that churn can be known",
        description=DESCRIPTION,
    )
    parser.add_argument(
        "file", type=Path, metavar="FILE", help="subscribers.csv: user_id,plan,subscribed_at"
    )
    parser.add_argument(
        "--since",
        metavar="DATE",
        help="day from whose beginning on the list is whole, in the reporting time zone; today if "
        "not given",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="read the file and show what would be written"
    )
    parser.set_defaults(command=_import)


def _import(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ)
    rules = folding(settings)
    zone, now = rules.calendar.zone, wall_clock()
    since = first_instant(options.since, zone, now)
    records = SubscriberRecords(rules, since, datetime.fromtimestamp(now / 1000, UTC))
    found = _read(options.file, Terms(zone, now, records.plan_problem))
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    if options.dry_run:
        _summarize(console, found, since)
        _show(console, settings, found, records)
        return 0
    with connected(brokers(settings), settings.kafka_topic) as producer:
        _summarize(console, found, since)
        send(console, producer, settings.kafka_topic, found, records)
    console.print(
        f"Written to {settings.kafka_topic}. Churn can be told of windows that begin on "
        f"{since.date()} or later."
    )
    return 0


def first_instant(text: str | None, zone: ZoneInfo, now: int) -> datetime:
    """Where the day begins from which on a list is whole; raises Refusal."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    try:
        day = today if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise Refusal(f"--since: {text!r} is no date; write {today}") from error
    if day > today:
        raise Refusal(f"--since: {day} lies in the future: nobody knows who will be subscribed")
    if day <= datetime.fromtimestamp(EARLIEST / 1000, UTC).date():
        raise Refusal(f"--since: {day} lies too long ago; write a day after 2000-01-01")
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _read(path: Path, terms: Terms) -> SubscriberList:
    try:
        found = read_subscribers(path, terms)
    except OSError as error:
        raise Refusal(f"{str(path)!r} cannot be read: {error.strerror}") from error
    if found.problems:
        raise Refusal("\n".join(_told(path, found.problems)))
    return found


def _told(path: Path, problems: Sequence[Problem]) -> Iterable[str]:
    yield f"{str(path)!r} cannot be used, and nothing of it was written:"
    yield from (f"  {problem}" for problem in problems[:MOST_SHOWN])
    if len(problems) > MOST_SHOWN:
        yield f"  and {len(problems) - MOST_SHOWN:,} more"


def _summarize(console: Console, found: SubscriberList, since: datetime) -> None:
    plans = collections.Counter(one.plan for one in found.subscribers.values())
    told = ", ".join(f"{plan} {count:,}" for plan, count in sorted(plans.items()))
    count = counted(len(found.subscribers), "subscriber")
    console.print(f"{count}{f': {told}' if told else ''}")
    if found.ignored:
        console.print(f"Nothing is read of the columns {', '.join(map(ascii, found.ignored))}")
    console.print(f"Whole from {since.isoformat()} on: nobody else was subscribed then")


def _show(
    console: Console, settings: Settings, found: SubscriberList, records: SubscriberRecords
) -> None:
    console.print(f"Would be written to {settings.kafka_topic}, and is not:")
    shown = itertools.islice(found.subscribers.values(), EXAMPLES)
    for _, value in map(records.of, shown):
        console.print(f"  {value.decode()}")
    if len(found.subscribers) > EXAMPLES:
        console.print(f"  and {len(found.subscribers) - EXAMPLES:,} more like these")
    console.print(f"  {records.declaration[1].decode()}")


def send(
    console: Console, producer: Any, topic: str, found: SubscriberList, records: SubscriberRecords
) -> None:
    """Send what is said of each and, when all of it is acknowledged, that the list is whole."""
    with Progress(console=console) as progress:
        task = progress.add_task("Subscribers", total=len(found.subscribers))
        sending = Sending(producer, topic, lambda n: progress.update(task, completed=n))
        try:
            sending.send(map(records.of, found.subscribers.values()))
            sending.send([records.declaration])
        except KafkaError as error:
            told = f"sending to {topic} failed: {error!r}"
            raise Refusal(f"{told}. {_what_is_so(sending)}") from error
        except KeyboardInterrupt:
            console.print(f"Interrupted. {_what_is_so(sending)}")
            raise


def _what_is_so(sending: Sending) -> str:
    return (
        f"Records taken: {sending.acknowledged:,}; the list is not declared whole. Import it "
        "again: what is repeated changes nothing"
    )
