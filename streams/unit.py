"""A unit of state: what one source partition counted in one pane, and up to which offset.

A unit stands alone: its `offset` is the first one not folded in, so a record is folded into it
once however often it is read, and `first` is where to begin to build it anew. Stored, it is a
version byte, a CRC-32 and MessagePack in canonical form: equal contents, equal bytes. What is only
shared with who reads what is published may hold its sketches in any order.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from streams.aggregates import AGGREGATES, Aggregate
from streams.launches.said import LAST_SAID
from streams.losses import Loss
from streams.persons.names import SHEETS
from streams.place import Place, Standing
from streams.routing import Labels

FORMAT_VERSION = 2
HEADER_BYTES = 5
KEPT_LABELS = 1 << 16
"""Label sets that are known to one another; of more, some are there more than once."""
T = TypeVar("T")

State = dict[str, dict[Labels, Any]]
"""fold id -> labels -> state of the metric's aggregate."""


class UnknownVersion(ValueError):
    """A stored record was written by another version of tidegauge; reading on could miscount."""


class Damaged(ValueError):
    """A stored record is not what was written."""


def seal(value: Any, name: str = "") -> bytes:
    """Bytes of a record: version, checksum, MessagePack; `name` is what it is stored under."""
    payload = msgspec.msgpack.encode(value)
    return bytes([FORMAT_VERSION]) + _checksum(FORMAT_VERSION, name, payload) + payload


def unseal(kind: type[T], raw: bytes, name: str = "") -> T:
    """Read such bytes; raises Damaged, also for those of another name, or UnknownVersion."""
    if len(raw) <= HEADER_BYTES:
        raise Damaged(f"a record of {len(raw)} bytes is too short")
    if _checksum(raw[0], name, raw[HEADER_BYTES:]) != raw[1:HEADER_BYTES]:
        raise Damaged("the checksum does not match")
    if raw[0] != FORMAT_VERSION:
        raise UnknownVersion(f"written in format {raw[0]}, this version reads {FORMAT_VERSION}")
    try:
        return msgspec.msgpack.decode(raw[HEADER_BYTES:], type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(str(error)) from error


def _checksum(version: int, name: str, payload: bytes) -> bytes:
    """Of version and name too: a damaged one must not pass for another one."""
    return zlib.crc32(payload, zlib.crc32(name.encode(), version)).to_bytes(4, "big")


class StoredUnit(msgspec.Struct, array_like=True, frozen=True):
    """A unit as it is written: metrics and label sets in sorted order."""

    generation: str
    offset: int
    catalogue: bytes
    """What was counted (`Folding.fingerprint`) when it was written."""
    first: Place
    """Where its first record was read."""
    place: Place
    """Where its last one was: from there it can be brought up to date."""
    losses: list[Loss]
    """What its writer had declared lost: it may miss that."""
    state: list[tuple[str, list[tuple[Labels, int | bytes]]]]


@dataclass
class Unit:
    """A unit in memory; `offset` and `first` as in `StoredUnit`."""

    offset: int
    first: Place
    state: State = field(default_factory=dict)

    def add(self, metric: str, labels: Labels, aggregate: Aggregate, amount: Any) -> None:
        """Count an amount under a label set."""
        series = self.state.get(metric)
        if series is None:
            series = self.state[metric] = {}
        held = series.get(labels)
        series[labels] = aggregate.add(aggregate.initialize() if held is None else held, amount)

    def has_room(self, metric: str, labels: Labels, limit: int) -> bool:
        """Say whether a label set is held or may still be admitted."""
        series = self.state.get(metric)
        return series is None or labels in series or len(series) < limit

    def store(
        self,
        aggregates: Mapping[str, Aggregate],
        standing: Standing | None = None,
        generation: str = "",
        catalogue: bytes = b"",
        *,
        is_shared: bool = False,
    ) -> StoredUnit:
        """Canonical form, as of where its partition stands, or else of its own offset.

        `is_shared`: what its aggregates share instead, where no bytes are compared.
        """
        state: list[tuple[str, list[tuple[Labels, int | bytes]]]] = []
        for metric in sorted(self.state.keys() & aggregates.keys()):
            series, aggregate = self.state[metric], aggregates[metric]
            form = aggregate.share if is_shared else aggregate.store
            state.append((metric, [(labels, form(series[labels])) for labels in sorted(series)]))
        offset, place, losses = standing or (self.offset, self.first, ())
        offset = max(self.offset, offset)
        return StoredUnit(generation, offset, catalogue, self.first, place, list(losses), state)

    @classmethod
    def load(cls, stored: StoredUnit, aggregates: Mapping[str, Aggregate]) -> "Unit":
        """Read a stored unit; metrics the catalogue no longer has are left behind."""
        state = {
            metric: {shared(labels): aggregates[metric].load(value) for labels, value in series}
            for metric, series in stored.state
            if metric in aggregates
        }
        return cls(stored.offset, stored.first, state)

    def pack(self, aggregates: Mapping[str, Aggregate]) -> None:
        """Hold the same in less memory; more can be added as before."""
        for metric in self.state.keys() & aggregates.keys():
            series, aggregate = self.state[metric], aggregates[metric]
            for labels, held in series.items():
                series[labels] = aggregate.pack(held)

    def check(self, labels: Mapping[str, int]) -> None:
        """Raise Damaged where a series has another number of labels than is said of its metric."""
        for metric, series in self.state.items():
            if any(len(one) != labels.get(metric, len(one)) for one in series):
                raise Damaged(f"{metric} has {labels[metric]} labels, and series of it others")


@lru_cache(maxsize=KEPT_LABELS)
def shared(labels: Labels) -> Labels:
    """One object for equal label sets: a pane has mostly those of the others."""
    return labels


OUTCOMES = "outcomes"
DEAD_LETTERS = "dead_letters"
SKIPPED = "skipped"
IDENTITY_LINKS = "identity_links"
ACCOUNTS = {OUTCOMES: 1, DEAD_LETTERS: 1, SKIPPED: 2, IDENTITY_LINKS: 0}
"""What the lifetime unit counts about the records themselves, and the number of its labels."""


def aggregates_of(kinds: Mapping[str, str], launches: str) -> dict[str, Aggregate]:
    """The aggregate of every fold id (given with its metric's kind), account and sheet's name.

    `launches` is the fold id of what is said of launches.
    """
    found = dict.fromkeys((*ACCOUNTS, *SHEETS), AGGREGATES["count"])
    found |= {metric: AGGREGATES[kind] for metric, kind in kinds.items()}
    return found | {launches: LAST_SAID}
