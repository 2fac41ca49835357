"""Reads from TOML which events tell of launches."""

from collections import Counter
from typing import Any

from streams.decoding import Decoder
from streams.label_file import PROPERTY
from streams.launches.events import LaunchEvents
from streams.schema import TEXT, Problem, check
from streams.wire import WireFormat

PLACES = PROPERTY._replace(accepts=lambda x: PROPERTY.accepts(x) and x != [])
FIELDS = {
    **dict.fromkeys(("started", "ended", "name", "split", "at"), TEXT),
    **dict.fromkeys(("metrics", "guardrails"), PLACES),
}


def read_launches(
    table: dict[str, Any], wire: WireFormat, where: str, problems: list[Problem]
) -> LaunchEvents:
    """Read the table `[launches]`, noting what is wrong."""
    found = check(table, FIELDS, where, problems)

    def paths(key: str) -> tuple[str, ...]:
        names = found.get(key, [])
        return tuple(map(wire.property_path, [names] if isinstance(names, str) else names))

    events = LaunchEvents(
        started=found.get("started", ""),
        ended=found.get("ended", ""),
        name="".join(paths("name")),
        metrics=paths("metrics"),
        guardrails=paths("guardrails"),
        split="".join(paths("split")),
        at="".join(paths("at")),
    )
    if events.started and events.started == events.ended:
        problems.append(Problem(where, "`started` and `ended` must be two events"))
    twice = [path for path, count in Counter(events.paths).items() if count > 1]
    if twice:
        problems.append(Problem(where, f"{twice[0]!r} is named twice; each needs its own property"))
        return LaunchEvents()
    try:
        Decoder(wire, events.paths, "user_only")
    except ValueError as error:
        problems.append(Problem(where, f"{error}; name another property"))
        return LaunchEvents()
    return events
