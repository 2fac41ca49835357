"""`tidegauge topics`: create the topics tidegauge needs, or let them grow with the source."""

import argparse
import os
from typing import Any

from rich.console import Console
from rich.table import Table

from agents import topics
from agents.settings import Refusal
from tidegauge.arguments import whole
from tidegauge.assembly import load_checked, worker_settings


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `topics` to the command line."""
    parser = commands.add_parser(
        "topics", parents=[shared], help="create the topics, or let them grow with the source"
    )
    parser.add_argument(
        "--partitions",
        type=whole(1, 100_000),
        metavar="N",
        help="create the source topic with N partitions too",
    )
    parser.set_defaults(command=_topics)


def _topics(options: argparse.Namespace) -> int:
    settings = worker_settings(load_checked(options.config, os.environ))
    try:
        done = topics.ensure(settings, options.partitions)
    except topics.KafkaUnreachable as error:
        raise Refusal(str(error)) from error
    held = done[0][1]
    if options.partitions not in (None, held):
        raise Refusal(
            f"topic {settings.topic!r} has {held} partitions and is yours: tidegauge does not grow "
            "it. Grow it with Kafka's own tools, then run `tidegauge topics` again"
        )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("topic", "partitions", ""):
        table.add_column(column)
    for topic, partitions, what in done:
        table.add_row(topic, str(partitions), what)
    Console().print(table)
    return 0
