"""What numbers and files on the command line may be; argparse makes one line of what is wrong.

Each is checked before anything starts: a file that cannot be written is no surprise at the end.
"""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from agents.settings import Refusal
from streams.panes import SECOND
from streams.time_zone import read_time

RATE_MAX = 100_000
"""Records a second; far above what one simulator sends, and a stop is still noticed soon."""
DURATION_SECONDS_MAX = 366 * 86_400


def number(low: float, high: float) -> Callable[[str], float]:
    """Accept numbers from `low` to `high`."""

    def convert(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:  # false for nan too
            raise ArgumentTypeError(f"must be a number from {low:,} to {high:,}, not {text!r}")
        return value

    return convert


def whole(low: int, high: int) -> Callable[[str], int]:
    """Accept whole numbers from `low` to `high`."""

    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ArgumentTypeError(f"must be a whole number from {low} to {high}, not {text!r}")
        return value

    return convert


def output_file(text: str) -> Path:
    """Accept the path of a file that can be written; it is made when it is not there."""
    path = Path(text)
    try:
        path.open("ab").close()
    except OSError as error:
        raise ArgumentTypeError(f"{text!r} cannot be written: {error.strerror}") from error
    return path


def milliseconds(option: str, text: str, zone: ZoneInfo) -> int:
    """Read the point in time that an option gives; one without an offset is of `zone`.

    Raises Refusal.
    """
    try:
        return round(read_time(text, zone).timestamp() * SECOND)
    except ValueError as error:
        raise Refusal(
            f"{option}: {text!r} is no time; write 2026-11-01, 2026-11-01T08:00 or "
            "2026-11-01T08:00+01:00"
        ) from error
