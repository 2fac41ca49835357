"""What panels ask Prometheus, of the jobs that are chosen on the board.

Names are those of the exporter without `tidegauge_`; matchers are written as PromQL has them.
"""

from typing import NamedTuple

from exporters.recording import RATE, recorded
from streams.catalogue import PREFIX

JOB = 'job=~"$job"'
INSTANCE = 'instance=~"$instance"'
EACH = "by (job)"
"""Two deployments on one board stay two."""
TOGETHER = f"sum {EACH} ({{}})"
LARGEST = "topk(10, {})"


class Query(NamedTuple):
    """An expression, and what its series are called; `{{label}}` stands for a label's value."""

    expr: str
    legend: str = "__auto"


def series(name: str, *matchers: str) -> str:
    """The recorded series of a gauge, or of a counter without its `_total`."""
    return f"{recorded(PREFIX + name)}{{{','.join((JOB, *matchers))}}}"


def rate(name: str, *matchers: str) -> str:
    """How much a counter grows in a second, over the minutes that are recorded."""
    return f"{recorded(PREFIX + name, f'rate{RATE}')}{{{','.join((JOB, *matchers))}}}"


def age(name: str, *matchers: str) -> str:
    """Seconds since the instant a gauge tells."""
    return f"time() - {series(name, *matchers)}"


def own(name: str, *matchers: str) -> str:
    """A series that each process tells of itself, and not what is recorded of it."""
    return f"{name}{{{','.join((JOB, INSTANCE, *matchers))}}}"


def own_rate(name: str, *matchers: str) -> str:
    """How much a counter of a process grows in a second."""
    return f"rate({own(name, *matchers)}[$__rate_interval])"
