"""`tidegauge history`: what was shown at past instants, for the holes in a Prometheus."""

import argparse
import asyncio
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from agents.findings import counted
from agents.settings import Refusal
from exporters.backfill import PastGauges
from exporters.snapshot_store import Snapshot, wall_clock
from streams.backfill import Backfill, End
from streams.folding import Folding
from streams.panes import HOUR, SECOND
from tidegauge.arguments import milliseconds, output_file
from tidegauge.assembly import folding, load_checked
from tidegauge.published import reader_of
from tidegauge.settings import Settings

JOB = "tidegauge-exporter"
HEAD = 3 * HOUR
"""So much of its latest time a Prometheus may still write itself: no block may reach into it."""
LABEL = re.compile(r"(?!__)([a-zA-Z_]\w*)=(.+)", re.ASCII | re.DOTALL)

DESCRIPTION = """
Write what exporters would have shown at the ends of past hours and days, as OpenMetrics with
timestamps, for `promtool tsdb create-blocks-from openmetrics`: after an outage the state is right,
but Prometheus keeps the hole. Only what nothing can change any more is written.
"""
EPILOG = """
Reads Redis, as an exporter does, and changes nothing. See docs/history.md.
"""


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `history` to the command line."""
    parser = commands.add_parser(
        "history",
        parents=[shared],
        help="write past numbers for a Prometheus that has a hole where there was an outage",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    when = "2026-11-01T08:00, in the reporting time zone, or 2026-11-01T08:00+01:00"
    parser.add_argument(
        "--from", dest="begin", metavar="TIME", required=True, help=f"begin of the hole: {when}"
    )
    parser.add_argument("--to", metavar="TIME", required=True, help="its end, likewise")
    parser.add_argument(
        "--output", type=output_file, metavar="FILE", help="where to write; standard output if not"
    )
    parser.add_argument(
        "--label",
        action="append",
        type=_label,
        default=[],
        metavar="NAME=VALUE",
        help=f"label that Prometheus gives what it scrapes, job={JOB} unless another is given; "
        "with instance=... the gauges themselves are written too, not only what the "
        "recording rules make of them",
    )
    parser.add_argument(
        "--provisional",
        action="store_true",
        help="write what late records can still change, too",
    )
    parser.set_defaults(command=_history)


def _label(text: str) -> tuple[str, str]:
    found = LABEL.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"must be like instance=exporter:9480, not {text!r}")
    return found[1], found[2]


def _history(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ)
    made = folding(settings)
    zone = made.calendar.zone
    span = Span(milliseconds("--from", options.begin, zone), milliseconds("--to", options.to, zone))
    if span.begin >= span.until:
        raise Refusal(f"--from {options.begin} is not before --to {options.to}")
    target = {"job": JOB, **_distinct(options.label)}
    snapshot = asyncio.run(_read(settings, made))
    if snapshot.problems:
        raise Refusal(f"the past cannot be read: {'; '.join(snapshot.problems)}")
    backfill = Backfill(made, [*snapshot.partitions.values()], [*snapshot.shards.values()])
    chosen = choose(backfill, span, wall_clock(), zone, is_provisional=options.provisional)
    gauges, incomplete = PastGauges(made.catalogue, target), 0
    for end in chosen.ends:
        reading = backfill.read(end)
        incomplete += not all(reading.complete.values())
        gauges.add(reading)
    _write(gauges.lines(), options.output)
    for remark in (*chosen.remarks, *_remarks(backfill, incomplete)):
        _say(remark)
    first, last = chosen.ends[0].instant, chosen.ends[-1].instant
    _say(
        f"Wrote {gauges.count:,} numbers of {counted(len(chosen.ends), 'instant')} from "
        f"{_time(first, zone)} to {_time(last, zone)}."
    )
    return 0


def _distinct(labels: Sequence[tuple[str, str]]) -> dict[str, str]:
    found = dict(labels)
    if len(found) < len(labels):
        raise Refusal("--label: a name is given twice")
    return found


async def _read(settings: Settings, made: Folding) -> Snapshot:
    reader = reader_of(settings, made)
    try:
        return await reader.read()
    finally:
        await reader.close()


class Span(NamedTuple):
    """[begin, until), in milliseconds."""

    begin: int
    until: int


class Choice(NamedTuple):
    """The instants to write, and what is to be said of those that are not."""

    ends: list[End]
    remarks: list[str]


def choose(
    backfill: Backfill, span: Span, now: int, zone: ZoneInfo, *, is_provisional: bool
) -> Choice:
    """Choose from a span of time; raises Refusal when there is nothing to write."""
    bounds = [
        (backfill.known_until, "not everything has arrived that happened later"),
        (now - HEAD, "Prometheus may still be writing its last 3 hours itself"),
    ]
    if not is_provisional:
        bounds.append(
            (
                backfill.final_until,
                "late records can still change what was later (--provisional writes it as it is)",
            )
        )
    bound, reason = min(bounds)
    asked = list(backfill.ends(span.begin, min(span.until, now)))
    ends = [end for end in asked if end.instant < bound]
    remarks = list(_kept(backfill, span, zone))
    if span.until > bound:
        shown = max(bound, span.begin, backfill.begun)  # a bound may be before all time
        left = [end for end in asked if end.instant >= bound]
        hours, days = (sum(name in end.windows for end in left) for name in ("1h", "today"))
        remarks.append(
            f"Left out from {_time(shown, zone)} on ({counted(hours, 'hour')}, "
            f"{counted(days, 'local day')}): {reason}."
        )
    if not ends:
        raise Refusal(" ".join(["there is nothing to write.", *remarks]))
    return Choice(ends, remarks)


def _kept(backfill: Backfill, span: Span, zone: ZoneInfo) -> Iterator[str]:
    """Say where what is known begins, if the span begins earlier."""
    for window, what in (("1h", "hours"), ("today", "local days")):
        earliest = backfill.earliest(window)
        if earliest is None:
            yield f"No {what} are known yet."
        elif span.begin < earliest:
            yield f"The earliest of the {what} that are known begins at {_time(earliest, zone)}."


def _remarks(backfill: Backfill, incomplete: int) -> Iterator[str]:
    """Say what holds of all that was written."""
    unknown = [name for metric in backfill.unknown() for name in metric.gauge_names]
    yield (
        f"Left out, since what they were then is not kept: counters (*_total), "
        f"{', '.join(unknown)}, and the window 5m."
    )
    if incomplete:
        yield (
            f"At {counted(incomplete, 'instant')} not every window is complete: "
            "see tidegauge_window_complete."
        )


def _write(pieces: Iterable[str], path: Path | None) -> None:
    """Write a file, or standard output; raises Refusal."""
    try:
        if path is None:
            sys.stdout.writelines(pieces)
            sys.stdout.flush()
            return
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
    except OSError as error:
        if path is None:  # or Python would try again at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Refusal(f"{path or 'standard output'} cannot be written: {error.strerror}") from error


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _time(moment: int, zone: ZoneInfo) -> str:
    """As people of the reporting time zone write it."""
    return datetime.fromtimestamp(moment / SECOND, zone).isoformat(timespec="seconds")
