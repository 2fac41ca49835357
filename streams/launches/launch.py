"""The launches that all partitions together know of."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from streams.folding import Folding
from streams.launches.effect import Role
from streams.launches.said import LAST_SAID, Said
from streams.panes import DAY, LIFETIME
from streams.published import Published

SHOWN_DAYS = 35
"""How long after its end a launch is shown: as long as hours are kept."""
MOST_SHOWN = 20


class Launch(NamedTuple):
    """A launch; times in milliseconds."""

    name: str
    start: int
    end: int | None
    """None while it goes on."""
    metrics: tuple[str, ...] = ()
    """What it is to change, as `conversions` or `conversions{goal="order"}`."""
    guardrails: tuple[str, ...] = ()
    """What it must not change for the worse."""
    split: str = ""
    """The segment whose parts are compared; empty for none."""

    @property
    def asked(self) -> tuple[tuple[Role, Sequence[str]], ...]:
        """What it asks about, by the role it has there."""
        return ("goal", self.metrics), ("guardrail", self.guardrails)


def found(folding: Folding, partitions: Iterable[Published]) -> list[Launch]:
    """Every launch of which a start is known, in the order of their starts."""
    said: dict[str, list[Said]] = {}
    for partition in partitions:
        unit = partition.units.get(LIFETIME)
        known = unit.state.get(folding.launches.fold_id, {}) if unit else {}
        for (name,), one in known.items():
            said.setdefault(name, []).append(one)
    merged = ((name, LAST_SAID.merge(of_one)) for name, of_one in said.items())
    launches = [_launch(name, one) for name, one in merged if one.start is not None]
    return sorted(launches, key=lambda launch: (launch.start, launch.name))


def shown(launches: Sequence[Launch], instant: int) -> list[Launch]:
    """Those that go on or ended lately, the latest `MOST_SHOWN`, in the order of their starts."""
    since = instant - SHOWN_DAYS * DAY
    recent = [launch for launch in launches if launch.end is None or launch.end > since]
    return recent[-MOST_SHOWN:]


def _launch(name: str, said: Said) -> Launch:
    start, end = said
    assert start is not None  # noqa: S101 - the caller leaves the others out
    is_over = end is not None and end.at > start.at
    return Launch(name, start.at, end.at if is_over and end else None, *start[2:])
