"""Reads what an event says of a launch, from the bytes of its record.

Such events are few, so their records are decoded a second time, with the paths that only they need:
the others pay nothing for them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from streams.decoding import Decoder
from streams.event import Rejected
from streams.launches.events import LaunchEvents, Says
from streams.launches.said import Ended, Said, Started
from streams.tells import read_moment
from streams.values import clean
from streams.wire import WireFormat

MOST_ASKED = 10
"""Metrics, and as many guardrails, of a launch."""
MOST_CHARACTERS = 200
"""Of a metric with its labels."""
Skip = Callable[[str], None]
"""Told why something is left out."""


class LaunchReader:
    """Reads launch events of one wire format; ValueError where two paths contradict each other."""

    def __init__(self, events: LaunchEvents, wire: WireFormat) -> None:
        self.fold_id = events.fold_id
        self._events, self._paths = events, events.paths
        decoder = Decoder(wire, self._paths, "user_only")
        self._decode, self._read = decoder.decode, decoder.reader(self._paths)

    def read(self, says: Says, record: bytes, time: int, skip: Skip) -> tuple[str, Said] | None:
        """Name of the launch and what is said of it by an event of that time; None for nothing."""
        [event] = self._decode([record])
        if isinstance(event, Rejected):  # a text stands where these paths lead through an object
            skip(event.reason)
            return None
        values = dict(zip(self._paths, self._read(event.said), strict=False))
        name, at = _text(values.get(self._events.name)), self._at(values, time)
        if not name:
            skip("no_name")
        elif isinstance(at, str):
            skip(at)
        elif says == "ended":
            return name, Said(end=Ended(time, at))
        else:
            metrics = _asked([values[path] for path in self._events.metrics], skip)
            guardrails = _asked([values[path] for path in self._events.guardrails], skip)
            split = _text(values.get(self._events.split))
            return name, Said(Started(time, at, metrics, guardrails, split))
        return None

    def _at(self, values: dict[str, Any], time: int) -> int | str:
        """When it was; the reason, where what is said of that cannot be used."""
        at = read_moment(values.get(self._events.at), time)
        return time if at is None else at


def _text(raw: Any) -> str:
    """Cleaned text of a scalar; empty where there is none."""
    return clean(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else ""


def _asked(values: Iterable[Any], skip: Skip) -> tuple[str, ...]:
    """The texts in what stands under one path or several, each a text or a list; each once."""
    found: dict[str, None] = {}
    for raw in values:
        for one in raw if isinstance(raw, list) else () if raw is None else (raw,):
            text = one.strip() if isinstance(one, str) else ""
            if not text or not text.isprintable():
                skip("not_text")
            elif len(text) > MOST_CHARACTERS:
                skip("too_long")
            elif len(found) >= MOST_ASKED and text not in found:
                skip("too_many")
            else:
                found[text] = None
    return tuple(found)
