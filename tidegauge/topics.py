"""`tidegauge topics`: create the topics tidegauge needs, or let them grow with the source."""

import argparse
import os
from typing import Any

from rich.console import Console
from rich.table import Table

from agents import topics
from agents.findings import Weight, refuse
from agents.settings import Refusal
from tidegauge.arguments import whole
from tidegauge.assembly import load_checked, worker_settings
from tidegauge.check import show_findings


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
        inspection = topics.inspect(settings)
    except topics.KafkaUnreachable as error:
        raise Refusal(str(error)) from error
    console = Console(soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("topic", overflow="fold")
    for column in ("partitions", "replicas"):
        table.add_column(column, justify="right")
    table.add_column("")
    for topic in inspection.topics:
        table.add_row(
            topic.name, str(topic.partitions), str(topic.replicas), done.get(topic.name, "")
        )
    console.print(table)
    show_findings(console, [f for f in inspection.findings if f.weight is Weight.WARNING])
    refuse(inspection.findings)
    return 0
