"""`tidegauge forget`: tell workers whom to forget, by the hashes of their ids."""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka.errors import KafkaError
from rich.console import Console

from agents.findings import counted
from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from streams.decoding import MAX_ID_CHARACTERS
from streams.folding import Folding
from streams.panes import SECOND
from streams.persons.forgotten import EVENT, TELLER
from streams.written import Written
from tidegauge.assembly import folding, load_checked
from tidegauge.kafka_door import brokers
from tidegauge.producer import Sending, connected
from tidegauge.published import read_view
from tidegauge.settings import Settings

ID_BYTES = 16
STDIN = "-"

DESCRIPTION = """
Let go of what is kept of persons, by the ids they have in your events: user ids and anonymous ones,
each for itself. What was counted stays. Other programs of this machine can read ids on the command
line: a file, or standard input, tells nobody. What remains elsewhere: docs/privacy.md.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `forget` to the command line."""
    parser = commands.add_parser(
        "forget",
        parents=[shared],
        help="let go of what is kept of a person; what was counted stays",
        description=DESCRIPTION,
    )
    parser.add_argument("user", nargs="*", metavar="USER", help="an id, as it stands in the events")
    parser.add_argument(
        "--file", metavar="FILE", help=f"ids, one a line; {STDIN} for standard input"
    )
    parser.set_defaults(command=_forget)


def _forget(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ)
    rules = folding(settings)
    ids = dict.fromkeys((*options.user, *listed(options.file)))
    if not ids:
        raise Refusal("nobody is named; give ids, or a file that has one a line with --file")
    records = list(records_of(ids, rules, wall_clock()))
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    _warn(console, settings, rules)
    try:
        with connected(brokers(settings), settings.kafka_topic) as producer:
            Sending(producer, settings.kafka_topic, lambda _: None).send(records)
    except KafkaError as error:
        raise Refusal(
            f"sending to {settings.kafka_topic} failed: {error!r}. Do it again: who is forgotten "
            "twice is forgotten"
        ) from error
    _tell(console, settings, len(records))
    return 0


def listed(name: str | None) -> Iterator[str]:
    """The ids of a file; raises Refusal without repeating any."""
    if name is None:
        return
    try:
        raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
        text = raw.decode()
    except OSError as error:
        raise Refusal(f"{name!r} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Refusal(f"{name!r}, line {line}: is not UTF-8") from error
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        one = line.removesuffix("\r")
        if len(one) > MAX_ID_CHARACTERS:
            what = f"has more than {MAX_ID_CHARACTERS} characters, so it is no id"
            raise Refusal(f"{name!r}, line {number}: {what}; nobody was forgotten")
        if one:
            yield one


def records_of(ids: Iterable[str], rules: Folding, now: int) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of the record that tells of each; raises Refusal where no event can."""
    wire, forgotten = rules.wire, rules.forgotten
    if not wire.name:
        raise Refusal(
            "records of this format name no events, so none can tell whom to forget; give "
            "`[source]` the path of the `name`"
        )
    if forgotten.path in {getattr(wire, fact) for fact in wire.__dataclass_fields__}:
        raise Refusal(f"at {forgotten.path!r} records of this format carry something else")
    time = datetime.fromtimestamp(now / SECOND, UTC).isoformat(timespec="milliseconds")
    for one in ids:
        said = forgotten.written(one)
        digest = hashlib.blake2b(f"{said} {now}".encode(), digest_size=ID_BYTES).hexdigest()
        event = Written(f"forget-{digest}", TELLER, time, "track", EVENT, {forgotten.path: said})
        record = json.dumps(event.record(wire), separators=(",", ":"))
        yield said.encode(), record.encode()


def _warn(console: Console, settings: Settings, rules: Folding) -> None:
    """Say where it cannot be seen that workers have the same key."""
    problems = read_view(settings, rules).snapshot.problems
    if problems:
        console.print(
            f"Whether workers have these settings cannot be seen: {'; '.join(problems)}. With "
            "another person.hash_key nobody is forgotten, and tidegauge_skipped_values_total"
            '{metric="forgotten",reason="other_key"} rises.'
        )


def _tell(console: Console, settings: Settings, count: int) -> None:
    console.print(
        f"Told to {settings.kafka_topic}: {counted(count, 'id')} to be forgotten, as hashes.\n"
        f"It is done when the local day ({settings.reporting_timezone}) is over and nothing of it "
        "can come any more: 24.5 hours of events later. What was counted stays; whoever comes "
        "again is new.\n"
        f"Not touched: your topic {settings.kafka_topic}, from which a replay would count them "
        f"again up to this event; {settings.kafka_application}-dead-letters; for up to 400 days "
        "sketches of distinct people, in which who has person.hash_key can look for an id."
    )
