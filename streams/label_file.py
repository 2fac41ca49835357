"""Reads labels and segments from TOML: where their values come from, and which there are."""

import re
from collections.abc import Collection, Iterable
from typing import Any

from streams.catalogue import NONE, OTHER, Label
from streams.schema import FLAG, TEXT, TEXTS, WHOLE, Field, Problem, check, is_text, is_texts
from streams.wire import WireFormat

NAME = "lower-case letters, digits and underscores, beginning with a letter"
RESERVED_LABELS = ("window", "metric", "partition", "outcome", "instance", "job", "le", "quantile")
RESERVED_ENDINGS = ("_total", "_count", "_sum", "_bucket", "_created", "_info")
MOST_PARTS = 20
"""Values of a segment. Each makes a sketch of up to 32 KB for each goal in every pane; the panes
of a partition are records of Kafka, so they must stay small."""
PROPERTY = Field(lambda x: is_text(x) or is_texts(x), "a property's name or a list of them")
LABEL = {
    "trait": TEXT,
    "property": PROPERTY,
    "path": TEXT,
    "values": TEXTS,
    "default": TEXT,
    "limit": WHOLE,
    "strict": FLAG,
    "preset": FLAG,
    "measured": FLAG,
}
PARTS = Field(
    lambda x: is_texts(x) and 0 < len(x) <= MOST_PARTS and not {OTHER, NONE} & set(x),
    f"a list of 1 to {MOST_PARTS} texts, the parts to tell apart",
    required=True,
)
SEGMENT = {"property": PROPERTY, "path": TEXT, "values": PARTS}


def read_label(
    name: str,
    table: Any,
    wire: WireFormat,
    goals: Iterable[str],
    where: str,
    problems: list[Problem],
) -> Label:
    """Read a table of `[labels]`, noting what is wrong."""
    check_name(name, where, problems)
    if name in RESERVED_LABELS:
        message = "is a label tidegauge or Prometheus sets itself; choose another"
        problems.append(Problem(where, message))
    found = check(table, LABEL, where, problems)
    if name == "goal":
        return Label(name, values=tuple(goals))
    if not found.get("measured") and ("path" in found) == ("property" in found):
        message = "needs either `property` or `path`: where the value comes from"
        problems.append(Problem(where, message))
    names = found.get("property", [])
    paths = [wire.property_path(n) for n in ([names] if isinstance(names, str) else names)]
    traits = [wire.trait_path(found["trait"])] if "trait" in found else []
    return Label(
        name=name,
        paths=(found["path"],) if "path" in found else tuple(dict.fromkeys((*paths, *traits))),
        values=tuple(found.get("values", ())),
        default=found.get("default", NONE),
        limit=found.get("limit", 500),
        strict=found.get("strict", False),
        preset=found.get("preset", not found.get("measured")),
    )


def read_segment(
    name: str,
    table: Any,
    wire: WireFormat,
    labels: Collection[str],
    where: str,
    problems: list[Problem],
) -> Label:
    """Read a table of `[segments]`: the label it adds to those there are, whose set is closed."""
    if name in labels:
        problems.append(Problem(where, "is a label already; give the segment another name"))
    if f"_{name}" in RESERVED_ENDINGS:
        problems.append(Problem(where, f"no name may end in _{name}: Prometheus adds it"))
    if isinstance(table, str):
        message = (
            "must be a table that lists its parts, as the sets of segments are closed: "
            f'path = "{table}" and values = ["...", "..."] under [segments.{name}]'
        )
        problems.append(Problem(where, message))
        return Label(name)
    found = check(table, SEGMENT, where, problems)
    return read_label(name, found, wire, (), where, problems)


def check_name(name: str, where: str, problems: list[Problem]) -> None:
    """Note what is wrong with the name of a label or metric."""
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        problems.append(Problem(where, f"the name must be {NAME}"))
    if name.endswith(RESERVED_ENDINGS):
        endings = ", ".join(RESERVED_ENDINGS)
        message = f"the name must not end in {endings}: Prometheus adds these"
        problems.append(Problem(where, message))
