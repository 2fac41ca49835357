"""`tidegauge metrics`: every metric in words, those of one's own configuration included."""

import argparse
import os
import sys
from typing import Any

from exporters.metrics_page import page
from tidegauge.assembly import folding, load_checked

WRITTEN = "Written by `tidegauge metrics` from the shipped catalogue and the configuration in use."


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `metrics` to the command line."""
    parser = commands.add_parser(
        "metrics", parents=[shared], help="print what every metric means, yours too, as Markdown"
    )
    parser.set_defaults(command=_metrics)


def _metrics(options: argparse.Namespace) -> int:
    catalogue = folding(load_checked(options.config, os.environ)).catalogue
    sys.stdout.write(page(catalogue, WRITTEN))
    return 0
