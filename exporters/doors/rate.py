"""A token bucket: so many requests at once, then one in each interval."""

import re
from typing import Any

from streams.schema import WHOLE, Field

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
PART = re.compile(r"([0-9]+(?:\.[0-9]*)?)(ns|us|µs|ms|s|m|h)")
DURATION = re.compile(rf"(?:{PART.pattern})+")


def _is_interval(value: Any) -> bool:
    if isinstance(value, str):
        return value == "0" or DURATION.fullmatch(value) is not None
    return isinstance(value, int) and value == 0


INTERVAL = Field(_is_interval, "a duration such as 1s, 500ms or 1m30s, or 0 for no limit")
BURST = WHOLE


def seconds(interval: str | int) -> float:
    """Seconds of a duration as Go writes it."""
    return sum(float(number) * UNITS[unit] for number, unit in PART.findall(str(interval)))


class Bucket:
    """Holds up to `burst` tokens, one more after each `interval` (seconds); a request takes one."""

    def __init__(self, interval: float, burst: int) -> None:
        self._interval, self._burst = interval, burst
        self._tokens, self._at = float(burst), 0.0

    def take(self, now: float) -> bool:
        """Take a token, if there is one; `now` in seconds, of a clock that never goes back."""
        gained = (now - self._at) / self._interval
        self._tokens, self._at = min(float(self._burst), self._tokens + gained), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
