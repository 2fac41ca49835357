"""Which events say that a launch began or ended, and where in them what of it stands."""

import hashlib
from dataclasses import astuple, dataclass
from typing import Literal

import msgspec

Says = Literal["", "started", "ended"]
"""What an event says of a launch; most say nothing."""


@dataclass(frozen=True)
class LaunchEvents:
    """Names of track events, and dotted paths into their records; without names there are none."""

    started: str = ""
    ended: str = ""
    name: str = ""
    metrics: tuple[str, ...] = ()
    guardrails: tuple[str, ...] = ()
    split: str = ""
    at: str = ""
    """When it was, where that is not the time of the event."""

    def says(self, kind: str, name: str | None) -> Says:
        """What events of a kind and name say."""
        if kind != "track" or not name:
            return ""
        if name == self.started:
            return "started"
        return "ended" if name == self.ended else ""

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that is read."""
        return tuple(
            filter(None, (self.name, *self.metrics, *self.guardrails, self.split, self.at))
        )

    @property
    def fold_id(self) -> str:
        """Name under which launches are kept; those that other events tell of are others."""
        digest = hashlib.blake2b(msgspec.json.encode(astuple(self)), digest_size=4).hexdigest()
        return f"launches@{digest}"
