"""Reads the catalogue from TOML: the shipped one, and a user's on top of it.

Everything wrong is reported at once, each problem with its file, key and what would be right.
"""

from collections.abc import Mapping
from importlib import resources
from typing import Any

from streams.catalogue import DERIVED, KIND_NAMES, Catalogue, Label, Metric, Source
from streams.decoding import Decoder
from streams.event import INTERACTIONS, KINDS
from streams.example_file import read_example
from streams.fact_file import read_fact
from streams.label_file import check_name, read_label, read_segment
from streams.launch_file import read_launches
from streams.persons.measures import MEASURES
from streams.schema import (
    FLAG,
    TEXT,
    TEXTS,
    ConfigurationError,
    Field,
    Problem,
    check,
    is_text,
    one_of,
    read_toml,
    shown,
    some_of,
)
from streams.score_file import FIELDS, read_scale
from streams.segments import split
from streams.watch_file import check_watch, read_watch
from streams.windows import WINDOWS
from streams.wire import WireFormat

SHIPPED = "the shipped catalogue"
EVENT = {
    "name": TEXT,
    "kinds": some_of(KINDS),
}
METRIC = {
    "title": TEXT._replace(required=True),
    "definition": TEXT._replace(required=True),
    "formula": TEXT._replace(required=True),
    "kind": one_of(KIND_NAMES)._replace(required=True),
    "direction": one_of(("up", "down", "neutral")),
    "unit": TEXT,
    "limits": TEXT,
    "events": Field(lambda x: x == "goals" or isinstance(x, list), 'a list of events, or "goals"'),
    "active_only": FLAG,
    "labels": TEXTS,
    "window_labels": TEXTS,
    "windows": some_of(tuple(WINDOWS)),
    "value": TEXT,
    "numerator": TEXT,
    "denominator": TEXT,
    **FIELDS,
    "measure": one_of(tuple(MEASURES)),
    "enabled": FLAG,
    "example": Field(lambda x: isinstance(x, dict), "a table"),
    "watch": Field(lambda x: isinstance(x, dict), "a table"),
}
FEWEST = ("score", "ratio")
"""The kinds that may be absent below a minimum."""
ACTIVE = {"exclude": TEXTS}
SECTIONS = ("goals", "active", "labels", "segments", "facts", "launches", "metrics")


def shipped() -> str:
    """Text of the catalogue that comes with tidegauge."""
    return (resources.files("streams") / "catalogue.toml").read_text(encoding="utf-8")


def load(wire: WireFormat, files: Mapping[str, str | dict[str, Any]] | None = None) -> Catalogue:
    """Build the catalogue from the shipped one and `files` on top, in order.

    A file is given by its name and its TOML text, or its tables where it has been read already.

    Raises ConfigurationError with every problem found.
    """
    problems: list[Problem] = []
    merged: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
    origin: dict[tuple[str, str], str] = {}
    for file, text in {SHIPPED: shipped(), **(files or {})}.items():
        for section, table in _read(file, text, problems).items():
            if section == "goals" and file != SHIPPED:
                merged["goals"] = {}  # goals are a list of one's own, not a set of defaults
            merged[section].update(table)
            origin.update({(section, key): file for key in table})
    catalogue = _Builder(wire, merged, origin, problems).build()
    if problems:
        raise ConfigurationError(problems)
    return catalogue


def _read(
    file: str, text: str | dict[str, Any], problems: list[Problem]
) -> dict[str, dict[str, Any]]:
    try:
        document = read_toml(text) if isinstance(text, str) else text
    except ValueError as error:
        problems.append(Problem(file, f"is not TOML: {error}"))
        return {}
    sections = {name: Field(lambda x: isinstance(x, dict), "a table") for name in SECTIONS}
    return check(document, sections, file, problems)


class _Builder:
    """Turns merged tables into a catalogue, noting what is wrong."""

    def __init__(
        self,
        wire: WireFormat,
        merged: Mapping[str, dict[str, Any]],
        origin: Mapping[tuple[str, str], str],
        problems: list[Problem],
    ) -> None:
        self._wire, self._merged, self._origin, self._problems = wire, merged, origin, problems

    def build(self) -> Catalogue:
        goals = self._goals()
        active = check(
            self._merged["active"], ACTIVE, self._where("active", "exclude"), self._problems
        )
        labels = {
            name: read_label(
                name, table, self._wire, goals, self._where("labels", name), self._problems
            )
            for name, table in self._merged["labels"].items()
        }
        segments = {
            name: read_segment(
                name, table, self._wire, labels, self._where("segments", name), self._problems
            )
            for name, table in self._merged["segments"].items()
        }
        labels |= segments
        facts = {
            name: read_fact(name, table, self._wire, self._where("facts", name), self._problems)
            for name, table in self._merged["facts"].items()
        }
        metrics = {
            name: metric
            for name, table in self._merged["metrics"].items()
            if (metric := self._metric(name, table, goals)) is not None
        }
        for metric in metrics.values():
            self._check_references(metric, labels, metrics)
        inactive = frozenset(active.get("exclude", ())) - frozenset(goals.values())
        for fact in facts.values():
            if fact.label and fact.label not in labels:
                self._problem(self._where("facts", fact.name), f"no label {fact.label!r}")
        for segment in segments:
            self._add_split(segment, labels, metrics)
        told = self._merged["launches"]
        mine = {self._origin["launches", key] for key in told} - {SHIPPED}
        where = f"{min(mine, default=SHIPPED)}: launches"
        launches = read_launches(told, self._wire, where, self._problems)
        catalogue = Catalogue(metrics, labels, facts, inactive, launches)
        self._check_names(catalogue)
        self._check_paths(catalogue)
        return catalogue

    def _add_split(
        self, segment: str, labels: Mapping[str, Label], metrics: dict[str, Metric]
    ) -> None:
        """Add the main metrics by a segment to the others."""
        for metric in list(split(metrics, labels, segment)):
            if metrics.setdefault(metric.name, metric) is not metric:
                where = self._where("segments", segment)
                self._problem(where, f"makes a metric {metric.name!r}, and there is one already")

    def _check_names(self, catalogue: Catalogue) -> None:
        owners: dict[str, str] = {}
        for metric in catalogue.metrics.values():
            for name in metric.exported_names:
                owner = owners.setdefault(name, metric.name)
                if owner != metric.name:
                    self._problem(
                        self._where_metric(metric),
                        f"would be exported as {name}, which {owner} is already",
                    )

    def _check_paths(self, catalogue: Catalogue) -> None:
        """Refuse a path that leads through a value or names an object others read a part of."""
        read: tuple[str, ...] = ()
        places = [(self._where_label(x.name), x.paths) for x in catalogue.labels.values()]
        places += [(self._where_metric(x), (x.value,)) for x in catalogue.folded() if not x.segment]
        places += [(self._where("facts", x.name), x.paths) for x in catalogue.facts.values()]
        for where, paths in places:
            wanted = tuple(dict.fromkeys((*read, *filter(None, paths))))
            try:
                Decoder(self._wire, wanted, "user_only")
            except ValueError as error:
                self._problem(where, str(error))
            else:
                read = wanted

    def _where(self, section: str, key: str) -> str:
        return f"{self._origin.get((section, key), SHIPPED)}: {section}.{key}"

    def _where_label(self, name: str) -> str:
        return self._where("segments" if name in self._merged["segments"] else "labels", name)

    def _where_metric(self, metric: Metric) -> str:
        if metric.segment:
            return self._where("segments", metric.segment)
        return self._where("metrics", metric.name)

    def _problem(self, where: str, message: str) -> None:
        self._problems.append(Problem(where, message))

    def _goals(self) -> dict[str, str]:
        goals = {}
        for name, event in self._merged["goals"].items():
            if is_text(event):
                goals[name] = event
            else:
                self._problem(
                    self._where("goals", name), f"must be the name of an event, not {shown(event)}"
                )
        return goals

    def _metric(self, name: str, table: Any, goals: Mapping[str, str]) -> Metric | None:
        where = self._where("metrics", name)
        check_name(name, where, self._problems)
        if isinstance(table, dict) and table.get("enabled") is False:
            return None
        found = check(table, METRIC, where, self._problems)
        found.pop("enabled", None)
        kind = found.get("kind", "count")
        for key, needed in (
            ("events", kind not in DERIVED),
            ("value", kind in ("sum", "score")),
            ("numerator", kind == "ratio"),
            ("denominator", kind == "ratio"),
            ("measure", kind == "persons" or (kind == "distinct" and "measure" in found)),
            ("lowest", kind == "score"),
            ("highest", kind == "score"),
        ):
            if needed != (key in found):
                self._problem(where, f"a {kind} {'needs' if needed else 'has no'} {key!r}")
        for key, kinds in (("good", ("score",)), ("bad", ("score",)), ("minimum", FEWEST)):
            if key in found and kind not in kinds:
                self._problem(where, f"a {kind} has no {key!r}")
        texts = {"title": "", "definition": "", "formula": "", "kind": kind} | found
        labels = tuple(found.get("labels", ()))
        if "example" in texts:
            example = read_example(texts["example"], f"{where}.example", self._problems)
            texts |= {"example": example}
        if "watch" in texts:
            texts |= {"watch": read_watch(texts["watch"], f"{where}.watch", self._problems)}
        texts |= {
            "labels": labels,
            "window_labels": tuple(found.get("window_labels", labels)),
            "windows": tuple(found.get("windows", WINDOWS)),
            "value": self._wire.property_path(found["value"]) if "value" in found else "",
        }
        if kind == "score":
            texts |= read_scale(found, where, self._problems)
        sources = tuple(self._sources(texts.pop("events", []), goals, where))
        return Metric(name=name, sources=sources, **texts)

    def _sources(self, events: Any, goals: Mapping[str, str], where: str) -> list[Source]:
        if events == "goals":
            return [Source(("track",), event, goal) for goal, event in goals.items()]
        sources = []
        for number, event in enumerate(events):
            found = check(event, EVENT, f"{where}.events[{number}]", self._problems)
            if not found:
                self._problem(f"{where}.events[{number}]", "needs a `name` or `kinds`")
            kinds = ("track",) if "name" in found else INTERACTIONS
            sources.append(Source(tuple(found.get("kinds", kinds)), found.get("name")))
        return sources

    def _check_references(
        self, metric: Metric, labels: Mapping[str, Label], metrics: Mapping[str, Metric]
    ) -> None:
        where = self._where("metrics", metric.name)
        for name in (*metric.labels, *metric.window_labels):
            if name not in labels:
                self._problem(where, f"no label {name!r}; known are {', '.join(sorted(labels))}")
        if not set(metric.window_labels) <= set(metric.labels):
            self._problem(where, "`window_labels` must be some of `labels`")
        if metric.kind == "distinct" and metric.window_labels != metric.labels:
            self._problem(where, "distinct persons cannot leave out a label: they do not add up")
        open_labels = [n for n in metric.labels if n in labels and not labels[n].values]
        if metric.kind == "distinct" and open_labels:
            self._problem(
                where,
                f"distinct persons are kept for closed sets only, each takes up to 32 KB a pane: "
                f"give the label {open_labels[0]!r} its `values`",
            )
        check_watch(metric, labels, f"{where}.watch", self._problems)
        for key in ("numerator", "denominator"):
            name = getattr(metric, key)
            if name and (name not in metrics or metrics[name].kind in ("score", "ratio")):
                self._problem(f"{where}.{key}", f"must name a count, sum or distinct, not {name!r}")
