"""`tidegauge replay`: rebuild the state from a point in time, beside the one that is shown."""

import argparse
import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from agents import topics
from agents.allocator import relieve_collector
from agents.replay import Outcome, Replay
from agents.rereading import Advance, Vanished
from agents.rights import of_replay
from agents.settings import Refusal, WorkerSettings
from exporters.snapshot_store import wall_clock
from streams.generation import generation
from streams.panes import SECOND
from tidegauge.arguments import milliseconds, whole
from tidegauge.assembly import load_checked, worker_settings

TELL_SECONDS = 10.0
log = logging.getLogger("tidegauge.replay")

DESCRIPTION = """
Count the topic anew, beside the state that is shown, and show the new state when it has come to the
end of every partition. Running workers and exporters need not be stopped: those with the same
settings go on with the new state by themselves. Nothing changes before the end; a replay that was
stopped is begun again.
"""
EPILOG = """
For a change of time zone, wire format, person key, hash key or facts, and for a version that is
said to need it: run it with what is new, then start workers and exporters with that. Counted from a
point in time, totals and windows begin there.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `replay` to the command line."""
    parser = commands.add_parser(
        "replay",
        parents=[shared],
        help="count the topic anew, from a point in time, and show that when it is complete",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.add_argument(
        "--from",
        dest="begin",
        metavar="TIME",
        help="first record to count, by Kafka's timestamps: 2026-11-01 or 2026-11-01T08:00, in "
        "the reporting time zone, or 2026-11-01T08:00+01:00; the first there is if not given",
    )
    parser.add_argument(
        "--accept-dead-letters",
        type=whole(0, 1_000_000_000),
        default=0,
        metavar="N",
        help="take N unreadable records beyond the limit",
    )
    parser.set_defaults(command=_replay)


def _replay(options: argparse.Namespace) -> int:
    checked = load_checked(options.config, os.environ)
    settings = worker_settings(checked, options.accept_dead_letters)
    zone = settings.folding.calendar.zone
    begin = None if options.begin is None else beginning(options.begin, zone, wall_clock())
    console = Console(stderr=True, soft_wrap=True)
    replay: Replay | None = None
    try:
        with _shown(console) as tell:
            found = topics.prepare(settings, of_replay)
            state = generation(settings.folding, found.source.topic_id)
            replay = Replay(settings, found, state, tell)
            relieve_collector()
            outcome = asyncio.run(replay.run(begin))
    except topics.KafkaUnreachable as error:
        raise Refusal(str(error)) from error
    except (KafkaError, TimeoutError) as error:
        raise Refusal(f"Kafka failed: {error!r}. {_what_is_so(replay)}") from error
    except Vanished as error:
        raise Refusal(f"{error}. {_what_is_so(replay)}") from error
    except KeyboardInterrupt:
        console.print(f"Interrupted. {_what_is_so(replay)}")
        raise
    _tell_outcome(console, settings, outcome)
    return 0


def _what_is_so(replay: Replay | None) -> str:
    if replay is None or not replay.counts:
        return "Nothing has changed: what was counted before is counted on and shown"
    return "The new state was taking over: replay again"


@contextmanager
def _shown(console: Console) -> Iterator[Callable[[Advance], None]]:
    """Lend a function that shows how far it is: as a bar, or in a line now and then."""
    if not console.is_terminal:
        yield _Lines().tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    records = TextColumn("{task.completed:,} of {task.total:,} records")
    with Progress(*columns, records, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("Looking at Kafka", total=0)
        yield lambda advance: progress.update(
            task, description=advance.what, completed=advance.read, total=advance.total
        )


class _Lines:
    """Logs how far it is, when that has become something else, and every ten seconds."""

    def __init__(self) -> None:
        self._what = ""
        self._next = 0.0

    def tell(self, advance: Advance) -> None:
        if advance.what == self._what and time.monotonic() < self._next:
            return
        self._what, self._next = advance.what, time.monotonic() + TELL_SECONDS
        log.info("%s: %s of %s records", advance.what, f"{advance.read:,}", f"{advance.total:,}")


def _tell_outcome(console: Console, settings: WorkerSettings, outcome: Outcome) -> None:
    rate = outcome.records / outcome.seconds
    console.print(
        f"Counted {outcome.records:,} records in {outcome.seconds:,.1f} s ({rate:,.0f} a second). "
        "The new state is shown now."
    )
    if outcome.dead:
        console.print(
            f"{outcome.dead:,} of them could not be read; {outcome.sent:,} that no checkpoint had "
            f"passed were sent to {settings.dead_letter_topic}.",
            markup=False,
        )


def beginning(text: str, zone: ZoneInfo, now: int) -> int:
    """A point in time up to now; without an offset it is one of `zone`. Raises Refusal."""
    moment = milliseconds("--from", text, zone)
    if moment > now:
        found = datetime.fromtimestamp(moment / SECOND, zone)
        raise Refusal(f"--from: {found.isoformat()} lies in the future: nothing would be counted")
    return max(0, moment)  # Kafka knows none before, and gives two of them a meaning
