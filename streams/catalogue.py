"""The catalogue: the only place where a metric is defined.

Plain values; `streams.catalogue_file` reads them from TOML, `streams.routing` compiles them for
the fold, `streams.reading` evaluates them, and HELP texts are made from them.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args

import msgspec

from streams.launches.events import LaunchEvents

Kind = Literal["count", "sum", "distinct", "score", "ratio", "persons"]
KIND_NAMES: tuple[Kind, ...] = get_args(Kind)
DERIVED = ("ratio", "persons")
"""Kinds that keep no state of their own in the panes."""
Direction = Literal["up", "down", "neutral"]
Alarm = Literal["rise", "fall", "both"]
ALARMS: tuple[Alarm, ...] = get_args(Alarm)

PREFIX = "tidegauge_"
OTHER = "__other__"
"""The label value of what stands outside a closed set or beyond a limit."""
NONE = "__none__"
"""The label value of events that do not carry the property."""


@dataclass(frozen=True)
class Label:
    """A label: where its value comes from and which values it may take."""

    name: str
    paths: tuple[str, ...] = ()
    """Dotted paths in the record; the first that holds something counts. Empty: a goal's name."""
    values: tuple[str, ...] = ()
    """The closed set; empty for an open one."""
    default: str = NONE
    limit: int = 500
    """Most label sets a metric keeps per pane and partition before the rest is `__other__`."""
    strict: bool = False
    """Whether an event with a value outside the closed set is left out of the metric."""
    preset: bool = True
    """Whether the values of a closed set are exported as 0 before their first event."""


@dataclass(frozen=True)
class Source:
    """Events a metric counts: of these kinds, of that name if given; goals carry their label."""

    kinds: tuple[str, ...]
    name: str | None = None
    goal: str | None = None


@dataclass(frozen=True)
class FactSource:
    """Events that say something of a person."""

    kinds: tuple[str, ...]
    name: str | None = None
    says: str | None = None
    """The label, where the event's name says it all."""
    time: str = ""
    """Path of the time since when it holds, where that is not the event's; without one, or without
    the label, such an event says nothing."""


@dataclass(frozen=True)
class Fact:
    """What is remembered of a person over days (`streams.persons.names` lists what there is)."""

    name: str
    sources: tuple[FactSource, ...]
    label: str = ""
    """Name of the label that it is about."""
    amount: str = ""
    """Path of an amount of money without which nothing is said."""
    score: str = ""
    """Path of the score that is the label."""
    lowest: int = 0
    highest: int = 0

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths that are read for it, beside those of its label; some may be empty."""
        return (self.amount, self.score, *(source.time for source in self.sources))


class Given(NamedTuple):
    """An event of a worked example."""

    at: datetime
    """In the reporting time zone."""
    person: str
    kind: str
    name: str | None
    properties: Mapping[str, Any]
    """By name, or by dotted path where a label reads a path."""

    def __str__(self) -> str:
        """As a person would say it: `Feature Used: feature export`."""
        facts = ", ".join(f"{name} {value}" for name, value in self.properties.items())
        return f"{self.name or self.kind}{f': {facts}' if facts else ''}"


@dataclass(frozen=True)
class Example:
    """What a metric's series are at an instant, after a few events."""

    events: tuple[Given, ...]
    at: datetime
    gives: Mapping[str, float]
    """Series as exported, without the prefix, and their values."""
    because: str = ""

    def clock(self, at: datetime, seconds: str = "") -> str:
        """A time of it, with the date where it is about several days."""
        is_of_a_day = (
            len({moment.date() for moment in (self.at, *(e.at for e in self.events))}) == 1
        )
        return at.strftime(("" if is_of_a_day else "%Y-%m-%d ") + "%H:%M" + seconds)

    def results(self) -> list[str]:
        """What it gives, series by series: `tidegauge_active_users{window="5m"} is 2`."""
        return [f"{PREFIX}{name} is {value:,}" for name, value in self.gives.items()]


@dataclass(frozen=True)
class Watch:
    """That a metric is compared with past weeks, and which difference is bad."""

    alarm: Alarm
    by: tuple[str, ...] = ()
    """The labels by which it is watched, each value for itself; without any, all together."""


@dataclass(frozen=True)
class Metric:
    """One product metric; see `catalogue.toml` for what each text says."""

    name: str
    title: str
    definition: str
    formula: str
    kind: Kind
    direction: Direction = "neutral"
    unit: str = ""
    limits: str = ""
    """Known limits, in plain words."""
    sources: tuple[Source, ...] = ()
    active_only: bool = False
    """Whether events excluded from activity are left out."""
    labels: tuple[str, ...] = ()
    window_labels: tuple[str, ...] = ()
    windows: tuple[str, ...] = ()
    value: str = ""
    """Path of the number a sum adds up, or of a score."""
    numerator: str = ""
    denominator: str = ""
    lowest: int = 0
    """The least score that can be given."""
    highest: int = 0
    good: tuple[int, ...] = ()
    bad: tuple[int, ...] = ()
    minimum: int = 0
    """A score of fewer answers, or a ratio of less than that, is absent."""
    measure: str = ""
    """What the shards of persons are asked (`streams.persons.measures`): of a distinct count for
    windows of local days, which are exact then; of the kind `persons` for all there is."""
    segment: str = ""
    """The label it splits another metric by, where it was made for that (`streams.segments`)."""
    example: Example | None = field(default=None, compare=False)
    watch: Watch | None = None

    @property
    def total_name(self) -> str:
        """Name of the counter."""
        return f"{PREFIX}{self.name}_total"

    @property
    def window_name(self) -> str:
        """Name of the gauge: counts and sums get a word in front, lest the two names collide."""
        middle = "windowed_" if self.has_total else ""
        return f"{PREFIX}{middle}{self.name}"

    def is_total(self, window: str | None) -> bool:
        """Whether a series without a window is the counter, and not a gauge that has none."""
        return window is None and self.has_total

    @property
    def parts(self) -> tuple[str, ...]:
        """What the names of its gauges end in: a score has several, the others one that is bare."""
        if self.kind != "score":
            return ("",)
        share, net = ("ratio",) if self.good else (), ("score",) if self.bad else ()
        return (*share, "average", "responses", *net)

    @property
    def main_part(self) -> str:
        """The part that a person looks at first."""
        return self.parts[0]

    def gauge_name(self, part: str = "") -> str:
        """Name of one of its gauges."""
        return f"{self.window_name}_{part}" if part else self.window_name

    @property
    def gauge_names(self) -> tuple[str, ...]:
        """Names of its gauges."""
        return tuple(self.gauge_name(part) for part in self.parts)

    @property
    def gauge_labels(self) -> tuple[str, ...]:
        """Labels of its gauges: those of a window, and which one where there are several."""
        return (*self.window_labels, "window") if self.windows else self.window_labels

    def labels_in(self, window: str | None) -> tuple[str, ...]:
        """Labels of its series in a window; None is what has no window."""
        return self.labels if self.is_total(window) else self.window_labels

    @property
    def exported_names(self) -> tuple[str, ...]:
        """Names of everything it is exported as."""
        total = (self.total_name,) if self.has_total else ()
        error = (self.gauge_name("error"),) if self.kind == "distinct" else ()
        return (*total, *self.gauge_names, *error)

    @property
    def has_total(self) -> bool:
        """Whether a lifetime counter exists: counts and sums add up, distincts do not."""
        return self.kind in ("count", "sum")


@dataclass(frozen=True)
class Catalogue:
    """Every metric and label by name."""

    metrics: Mapping[str, Metric]
    labels: Mapping[str, Label]
    facts: Mapping[str, Fact] = field(default_factory=dict)
    inactive: frozenset[str] = field(default_factory=frozenset)
    """Names of track events that do not make a person active."""
    launches: LaunchEvents = field(default_factory=LaunchEvents)

    def folded(self) -> list[Metric]:
        """The metrics that keep state, in a fixed order; ratios are computed from these."""
        return [metric for _, metric in sorted(self.metrics.items()) if metric.kind not in DERIVED]

    def paths(self) -> tuple[str, ...]:
        """Every path of a record that some label, sum, score or fact reads, in a fixed order."""
        found = {path for label in self.labels.values() for path in label.paths}
        found |= {metric.value for metric in self.metrics.values()}
        for fact in self.facts.values():
            found |= {*fact.paths}
        return tuple(sorted(found - {""}))

    def fold_id(self, metric: Metric) -> str:
        """Name under which a metric's state is kept; another folding is another name.

        A metric that is added or changed starts anew under its own name and leaves the others
        alone.
        """
        labels = [
            (label.name, label.paths, label.values, label.default, label.limit, label.strict)
            for label in (self.labels[name] for name in metric.labels)
        ]
        inactive = sorted(self.inactive) if metric.active_only else []
        scale = (metric.lowest, metric.highest) if metric.kind == "score" else ()
        folding = (metric.kind, metric.sources, inactive, labels, metric.value, *scale)
        digest = hashlib.blake2b(msgspec.json.encode(folding), digest_size=4).hexdigest()
        return f"{metric.name}@{digest}"
