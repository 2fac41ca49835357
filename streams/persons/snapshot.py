"""A shard as it is stored: immutable parts, and a head that is written when all of them are.

The facts topic is the log of the state, so a snapshot is only where to begin to read it: one that
is not whole is as good as none, and an older one means more to read. Nothing of a snapshot is ever
written over, so writers that do not know of one another cannot spoil anything.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from streams.checkpoint import Row, digest_of
from streams.losses import Losses
from streams.persons.heard import Heard
from streams.persons.sessions import Table
from streams.persons.sheets import Stored, store
from streams.unit import seal

if TYPE_CHECKING:
    from streams.persons.shard import Shard

PREFIX = "snapshot/"
PERSONS_A_PART = 1 << 16
SHEETS_A_PART = 200


class PersonsPart(msgspec.Struct, array_like=True, frozen=True):
    """Some persons, in the order of their hashes; arrays are little-endian."""

    generation: str
    offset: int
    hashes: bytes
    first: bytes
    words: dict[int, bytes]


class SessionsPart(msgspec.Struct, array_like=True, frozen=True):
    """Some sessions that may still change, in the order of their persons' hashes."""

    generation: str
    offset: int
    persons: bytes
    first: bytes
    last: bytes


class SheetsPart(msgspec.Struct, array_like=True, frozen=True):
    """Some sheets, in the order of their panes."""

    generation: str
    offset: int
    sheets: list[tuple[str, Stored]]


class Head(msgspec.Struct, array_like=True, frozen=True):
    """Written last: what belongs together, and what else the shard knew at `offset`."""

    generation: str
    offset: int
    lineage: int
    parts: dict[str, list[int]]
    """The digests of those of each kind: somebody who lost facts writes others at that offset."""
    heard: dict[int, Heard]
    partitions: int
    horizon: int
    too_late: int
    unheard: int
    told: int
    noted: int
    losses: Losses


Part = PersonsPart | SessionsPart | SheetsPart
KINDS: dict[str, type[Part]] = {
    "persons": PersonsPart,
    "sessions": SessionsPart,
    "sheets": SheetsPart,
}


def row_name(offset: int, kind: str, number: int) -> str:
    """Name of a part of the snapshot at an offset."""
    return f"{PREFIX}{offset}/{kind}/{number}"


def head_name(offset: int) -> str:
    """Name of the head of the snapshot at an offset."""
    return f"{PREFIX}{offset}/head"


def offset_of(name: str) -> int | None:
    """The offset of the snapshot that a row belongs to; None when it belongs to none."""
    number = name.removeprefix(PREFIX).partition("/")[0]
    return int(number) if name.startswith(PREFIX) and number.isdecimal() else None


def rows_of(shard: "Shard") -> tuple[list[Row], list[Row]]:
    """The parts of a snapshot, and its head."""
    digests: dict[str, list[int]] = {kind: [] for kind in KINDS}
    parts: list[Row] = []
    for kind, part in _parts(shard):
        name = row_name(shard.offset, kind, len(digests[kind]))
        raw = seal(part, name)
        digests[kind].append(digest_of(raw))
        parts.append((name, raw))
    head = Head(
        shard.generation,
        shard.offset,
        shard.lineage,
        digests,
        shard.heard,
        shard.partitions,
        shard.horizon,
        shard.too_late,
        shard.unheard,
        shard.told,
        shard.noted,
        shard.losses,
    )
    name = head_name(shard.offset)
    return parts, [(name, seal(head, name))]


def _parts(shard: "Shard") -> Iterator[tuple[str, Part]]:
    stamp = shard.generation, shard.offset
    hashes = shard.population.hashes
    order = np.argsort(hashes)
    for begin in range(0, len(order), PERSONS_A_PART):
        rows = order[begin : begin + PERSONS_A_PART]
        first, words = shard.activity.presence.columns(rows)
        raw = {number: word.tobytes() for number, word in words.items()}
        yield (
            "persons",
            PersonsPart(*stamp, hashes[rows].tobytes(), first.tobytes(), raw),
        )
    table = shard.sessions.open
    table = Table(hashes[table.persons], table.first, table.last)
    order = np.lexsort((table.first, table.persons))
    for begin in range(0, len(order), PERSONS_A_PART):
        rows = order[begin : begin + PERSONS_A_PART]
        yield "sessions", SessionsPart(*stamp, *(column[rows].tobytes() for column in table))
    held = shard.sheets.held
    panes = sorted(held)
    for begin in range(0, len(panes), SHEETS_A_PART):
        some = panes[begin : begin + SHEETS_A_PART]
        yield "sheets", SheetsPart(*stamp, [(str(pane), store(held[pane])) for pane in some])
