"""What is found of topics: a topic as its brokers describe it, and sentences about it.

`agents.boot_checks` judges.
"""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agents.settings import Refusal
from streams.panes import DAY, HOUR, MINUTE, SECOND

UNLIMITED = -1
"""A retention, of time or of bytes, that has no end."""


class Weight(enum.Enum):
    """What follows from a finding."""

    REFUSAL = enum.auto()
    """The worker must not start."""
    WARNING = enum.auto()
    """The worker starts and says so."""
    NOTE = enum.auto()
    """Only `tidegauge check` says so."""


@dataclass(frozen=True)
class Finding:
    """One sentence about a topic: what is so, what follows, what to do."""

    weight: Weight
    text: str


@dataclass(frozen=True)
class Topic:
    """A topic as its brokers describe it."""

    name: str
    partitions: int
    replicas: int = 1
    """Of the partition that has the fewest."""
    topic_id: str = ""
    """Empty where the brokers give none."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Values in effect, by name; what the brokers do not tell is missing."""
    rights: frozenset[str] | None = None
    """What we may do with it (`read`, `write`); None when the brokers do not tell."""

    def number(self, name: str) -> int | None:
        """A setting that is a whole number; None when the broker does not tell it."""
        value = self.settings.get(name)
        return None if value is None else int(value)

    @property
    def policies(self) -> set[str] | None:
        """The parts of `cleanup.policy`; None when the broker does not tell it."""
        value = self.settings.get("cleanup.policy")
        return None if value is None else {part.strip() for part in value.split(",")}


def refuse(findings: Iterable[Finding]) -> None:
    """Raise a Refusal that says all reasons there are."""
    reasons = [finding.text for finding in findings if finding.weight is Weight.REFUSAL]
    if reasons:
        raise Refusal(". ".join(reasons))


def counted(number: int, noun: str) -> str:
    """Say how many there are: `1 replica`, `3 replicas`."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def duration(milliseconds: int) -> str:
    """Say a stretch of time in its largest unit: `7 days`, `1.5 hours`."""
    units = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))
    name, size = next((unit for unit in units if milliseconds >= unit[1]), ("millisecond", 1))
    amount = f"{milliseconds / size:.1f}".removesuffix(".0")
    return f"{amount} {name}" + ("" if amount == "1" else "s")
