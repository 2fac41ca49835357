"""Reads from TOML what is remembered of persons: which events say it."""

from collections.abc import Mapping
from typing import Any

from streams.catalogue import Fact, FactSource
from streams.event import INTERACTIONS, KINDS
from streams.persons.names import (
    BOUGHT,
    CSAT,
    FORGOTTEN,
    LASTING,
    MARKED,
    NPS,
    SUBSCRIPTION,
    USED,
)
from streams.schema import TEXT, Field, Problem, check, some_of
from streams.score_file import INTEGER
from streams.wire import WireFormat

NAMES = tuple(name for name in (*MARKED[1:], *LASTING) if name != FORGOTTEN)
"""Facts that events are named for; that a person is active follows from `active`, and only
`tidegauge forget` says whom to forget."""
NEEDS = {
    USED: ("label",),
    BOUGHT: ("label", "amount"),
    NPS: ("score",),
    CSAT: ("score",),
    SUBSCRIPTION: ("label",),
}
"""What the measures of a fact cannot do without."""
SCALES = {NPS: (0, 10), CSAT: (1, 5)}
"""What the measures know the scores to be."""
FACT = {
    "events": Field(lambda x: isinstance(x, list), "a list of events")._replace(required=True),
    "label": TEXT,
    "amount": TEXT,
    "score": TEXT,
    "lowest": INTEGER,
    "highest": INTEGER,
}
EVENT = {
    "name": TEXT,
    "kinds": some_of(KINDS),
    "says": Field(lambda x: isinstance(x, str), "a text"),
    "time": TEXT,
}


def read_fact(name: str, table: Any, wire: WireFormat, where: str, problems: list[Problem]) -> Fact:
    """Read a table of `[facts]`, noting what is wrong."""
    if name not in NAMES:
        problems.append(Problem(where, f"is no fact; there are {', '.join(NAMES)}"))
    found = check(table, FACT, where, problems)
    missing = [key for key in NEEDS.get(name, ()) if key not in found]
    problems += [Problem(where, f"needs {key!r}") for key in missing]
    scale = found.get("lowest", 0), found.get("highest", 0)
    if name in SCALES and scale != SCALES[name]:
        message = "must be scores from {} to {}, as `lowest` and `highest` say"
        problems.append(Problem(where, message.format(*SCALES[name])))
    events = enumerate(found.get("events", []))
    return Fact(
        name,
        tuple(_source(event, wire, f"{where}.events[{n}]", problems) for n, event in events),
        label=found.get("label", ""),
        **{key: wire.property_path(found[key]) for key in ("amount", "score") if key in found},
        lowest=scale[0],
        highest=scale[1],
    )


def _source(event: Any, wire: WireFormat, where: str, problems: list[Problem]) -> FactSource:
    found: Mapping[str, Any] = check(event, EVENT, where, problems)
    kinds = ("track",) if "name" in found else INTERACTIONS
    kinds = tuple(found.get("kinds", kinds))
    path = wire.trait_path if kinds == ("identify",) else wire.property_path
    time = path(found["time"]) if "time" in found else ""
    return FactSource(kinds, found.get("name"), found.get("says"), time)
