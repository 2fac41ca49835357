"""The recording rules of `deploy/prometheus/recording.yml`, which `tidegauge boards deploy` writes.

Exporters show the same numbers, however many there are. Of each of their series one is recorded
that has no `instance`, so that nobody adds them up: boards and alerts read these only.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import Metric as Family

from exporters.families import exported
from streams.catalogue import Catalogue

FILE = Path(__file__).parent.parent / "deploy" / "prometheus" / "recording.yml"
RATE = "5m"
HEAD = """\
# Written by `tidegauge boards`. Exporters show the same numbers; this is one of each.
groups:
  - name: tidegauge-recording
    rules:
"""


class Rule(NamedTuple):
    """A recording rule."""

    record: str
    expr: str


def text(catalogue: Catalogue) -> str:
    """The file as it must be."""
    rules = (
        f"      - record: {record}\n        expr: {expr}\n" for record, expr in rules_of(catalogue)
    )
    return HEAD + "".join(rules)


def rules_of(catalogue: Catalogue) -> list[Rule]:
    """The rules of everything an exporter shows."""
    return [rule for family in exported(catalogue) for rule in _of(family)]


def recorded(family: str, operation: str = "max") -> str:
    """Name of a recorded series; of a counter, `family` is its name without `_total`."""
    return f"job:{family}:{operation}"


def _of(family: Family) -> Iterator[Rule]:
    ending = "_total" if family.type == "counter" else ""
    series = f"{family.name}{ending}"
    yield Rule(recorded(family.name), f"max without (instance) ({series})")
    if ending:
        rate = f"max without (instance) (rate({series}[{RATE}]))"
        yield Rule(recorded(family.name, f"rate{RATE}"), rate)
