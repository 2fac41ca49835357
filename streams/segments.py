"""Segments: the main metrics split by one more label, each part counted by itself.

The metrics made have names of their own (`active_users_by_platform`), since a person who is seen
in two parts counts in both: they do not add up to `active_users`. What is split is the metric as
the configuration has it; one that is disabled is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from streams.catalogue import DERIVED, NONE, OTHER, Label, Metric

MAIN = (
    "active_users",
    "interactions",
    "page_views",
    "conversions",
    "converting_users",
    "conversion_ratio",
    "cancellations",
    "revenue",
)
"""What is split; both sides of a ratio are too."""
ESTIMATED = (
    'As of "{}", but windows of days too are exact up to about 4,000 persons only, and estimated '
    "above."
)
OVERLAP = "Who is seen in several parts counts in each, so they may add up to more than all people."
OUTSIDE = f"Events that do not tell the part count as {NONE}, parts that are not listed as {OTHER}."


def split(
    metrics: Mapping[str, Metric], labels: Mapping[str, Label], segment: str
) -> Iterator[Metric]:
    """Make the main metrics by a segment, which is one of the labels."""
    main = [metrics[name] for name in MAIN if name in metrics]
    sides = [name for metric in main for name in _sides(metric) if name in metrics]
    counted = dict.fromkeys((*(metric.name for metric in main), *sides))
    found = {n: metrics[n] for n in counted if _can_be_split(metrics[n], segment)}
    found |= {m.name: m for m in main if m.kind == "ratio" and found.keys() >= set(_sides(m))}
    for metric in found.values():
        yield _by(metric, labels, segment)


def _sides(metric: Metric) -> tuple[str, ...]:
    return (metric.numerator, metric.denominator) if metric.kind == "ratio" else ()


def _can_be_split(metric: Metric, segment: str) -> bool:
    """Whether it is counted from events, and not by that label already."""
    return metric.kind not in DERIVED and segment not in metric.labels


def _by(metric: Metric, labels: Mapping[str, Label], segment: str) -> Metric:
    """Split a metric, without its open labels: they would make too many series."""
    kept = [name for name in metric.labels if name in labels and labels[name].values]
    left_out = [name for name in metric.labels if name not in kept]
    part, both = _words(segment), "both " if metric.kind == "ratio" else ""
    instead = f", and not by {' and '.join(map(_words, left_out))}" if left_out else ""
    return replace(
        metric,
        name=_name(metric.name, segment),
        title=f"{metric.title} by {part}",
        definition=f"{metric.definition.rstrip('.')}. Split by {part}{instead}.",
        formula=f"{metric.formula.rstrip('.')}, {both}by {part}",
        limits=_limits(metric),
        labels=(*kept, segment),
        window_labels=(*(name for name in metric.window_labels if name in kept), segment),
        numerator=_name(metric.numerator, segment),
        denominator=_name(metric.denominator, segment),
        measure="",  # what is remembered of persons over days knows no segments
        example=None,
        watch=None,
        segment=segment,
    )


def _name(name: str, segment: str) -> str:
    return f"{name}_by_{segment}" if name else ""


def _words(name: str) -> str:
    return name.replace("_", " ")


def _limits(metric: Metric) -> str:
    known = ESTIMATED.format(metric.title) if metric.measure else metric.limits
    overlap = OVERLAP if metric.kind == "distinct" else ""
    return " ".join(filter(None, (known, overlap, OUTSIDE)))
