"""What a launch is to change, or must not: a metric by its name, with labels where some are meant.

`conversions{goal="order"}` asks about one goal, `conversions` about all of them together.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from streams.catalogue import Catalogue, Metric
from streams.series import Pairs
from streams.suggestion import suggest

COUNTED = ("count", "distinct")
"""Kinds that can be compared with the same hours of other weeks; so can a ratio of two of them."""
TEXT = re.compile(r'(?P<name>\w+)(?:\{(?P<labels>(?:\w+="[^"]*"(?:, ?)?)*)\})?', re.ASCII)
LABEL = re.compile(r'(\w+)="([^"]*)"', re.ASCII)
OWN_LABELS = frozenset({"launch", "metric", "role"})


class CannotAsk(ValueError):
    """A metric cannot be compared; the message says why, and what could be meant."""


class Asked(NamedTuple):
    """A metric, and the labels that its events must carry, in the order of their names."""

    metric: str
    labels: Pairs = ()

    def __str__(self) -> str:
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels)
        return f"{self.metric}{{{labels}}}" if labels else self.metric


def ask(catalogue: Catalogue, text: str) -> Asked:
    """Read such a text; raises CannotAsk where nothing can be compared by it."""
    found = TEXT.fullmatch(text.strip())
    if found is None:
        raise CannotAsk(f'{text!r} is no metric; write conversions or conversions{{goal="order"}}')
    name = found["name"]
    metric = catalogue.metrics.get(name)
    comparable = [m.name for m in catalogue.metrics.values() if can_be_compared(catalogue, m)]
    if metric is None:
        raise CannotAsk(f"there is no metric {name!r}; {suggest(name, comparable)}")
    if name not in comparable:
        raise CannotAsk(
            f"{name!r} cannot be compared with the same hours of other weeks: only counts, numbers "
            f"of people and ratios of these can; {suggest(name, comparable)}"
        )
    labels = dict(LABEL.findall(found["labels"] or ""))
    for name, value in labels.items():
        _check_label(catalogue, metric, name, value)
    return Asked(metric.name, tuple(sorted(labels.items())))


def can_ask(catalogue: Catalogue, texts: Iterable[str]) -> list[Asked]:
    """Those of the texts by which something can be compared."""
    found = []
    for text in texts:
        try:
            found.append(ask(catalogue, text))
        except CannotAsk:
            continue
    return list(dict.fromkeys(found))


def can_be_compared(catalogue: Catalogue, metric: Metric) -> bool:
    """Whether hours say what it was, with labels that can stand beside those of a launch."""
    if OWN_LABELS & {*metric.window_labels}:
        return False
    if metric.kind != "ratio":
        return metric.kind in COUNTED
    sides = (catalogue.metrics.get(name) for name in (metric.numerator, metric.denominator))
    return all(side is not None and side.kind in COUNTED for side in sides)


def _check_label(catalogue: Catalogue, metric: Metric, name: str, value: str) -> None:
    if name not in metric.window_labels:
        known = f"labels of it: {', '.join(metric.window_labels)}" if metric.window_labels else ""
        raise CannotAsk(f"{metric.name!r} has no label {name!r}; {known or 'it has none'}")
    values = catalogue.labels[name].values
    if values and value not in values:
        raise CannotAsk(f"{metric.name!r} has no {name} {value!r}; {suggest(value, values)}")
