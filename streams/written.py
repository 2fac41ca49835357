"""An event as a record of the wire format that is set: the other way round from `decoding`.

For what tidegauge writes itself, examples and a list of subscribers, so that both hold for every
format.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from streams.wire import WireFormat


class Written(NamedTuple):
    """An event to be written."""

    message_id: str
    person: str
    time: str
    """ISO 8601 with an offset."""
    kind: str
    name: str | None
    values: Mapping[str, Any]
    """What else it says, by dotted path."""

    def record(self, wire: WireFormat) -> dict[str, Any]:
        """The record; a format without kinds or names leaves them out."""
        facts: dict[str, Any] = {
            wire.message_id: self.message_id,
            wire.user: self.person,
            wire.time: self.time,
        }
        if wire.kind:
            facts[wire.kind] = self.kind
        if wire.name and self.name:
            facts[wire.name] = self.name
        return nested({**facts, **self.values})


def nested(facts: Mapping[str, Any]) -> dict[str, Any]:
    """An object that holds each fact at its dotted path."""
    record: dict[str, Any] = {}
    for path, fact in facts.items():
        *parents, leaf = path.split(".")
        place = record
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = fact
    return record
