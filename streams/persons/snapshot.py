"""A shard as it is stored: immutable parts, and a head that is written when all of them are.

The facts topic is the log of the state, so a snapshot is only where to begin to read it: one that
is not whole is as good as none, and an older one means more to read. Nothing of a snapshot is ever
written over, so writers that do not know of one another cannot spoil anything.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from streams.checkpoint import Row, digest_of
from streams.losses import Losses
from streams.panes import Pane
from streams.persons.heard import Heard
from streams.persons.population import Rows
from streams.persons.sessions import Table
from streams.persons.sheets import Counts, Stored, store
from streams.unit import seal

if TYPE_CHECKING:
    from streams.persons.shard import Shard

PREFIX = "snapshot/"
PART_BYTES = 2 << 20
"""About the size of a part, however many days, labels or sheets there are: a record is bounded."""
ENTRY_BYTES, SESSION_BYTES = 18, 24


class MarksPart(msgspec.Struct, array_like=True, frozen=True):
    """Some marks of a fact, in the order of their keys; arrays are little-endian."""

    generation: str
    offset: int
    name: str
    keys: bytes
    codes: bytes
    first: bytes
    words: dict[int, bytes]


class EntriesPart(msgspec.Struct, array_like=True, frozen=True):
    """Some entries of a register, in the order of their persons' hashes."""

    generation: str
    offset: int
    name: str
    persons: bytes
    times: bytes
    codes: bytes


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
    labels: dict[str, list[str]]
    """Of each fact, by their codes."""
    scored: tuple[int, int]
    """The first and the last day of which customers are scored."""


Part = MarksPart | EntriesPart | SessionsPart | SheetsPart
KINDS: dict[str, type[Part]] = {
    "marks": MarksPart,
    "entries": EntriesPart,
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


def is_summary(name: str) -> bool:
    """Whether a row, whose name begins with its lineage, holds no persons one by one."""
    return name.split("/")[3:4] in (["sheets"], ["head"])


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
        {
            name: fact.labels.names
            for name, fact in (shard.people.marks | shard.people.registers).items()
        },
        (shard.people.health.begun, shard.people.health.scored),
    )
    name = head_name(shard.offset)
    return parts, [(name, seal(head, name))]


def _parts(shard: "Shard") -> Iterator[tuple[str, Part]]:
    stamp = shard.generation, shard.offset
    hashes = shard.people.population.hashes
    for name, marks in shard.people.marks.items():
        keys = marks.population.hashes
        for rows in _portions(np.argsort(keys), marks.row_bytes):
            first, words = marks.presence.columns(rows)
            yield (
                "marks",
                MarksPart(
                    *(*stamp, name, keys[rows].tobytes()),
                    codes=marks.codes(rows).tobytes(),
                    first=first.tobytes(),
                    words={number: word.tobytes() for number, word in words.items()},
                ),
            )
    for name, register in shard.people.registers.items():
        owners, times, codes = register.entries
        persons = hashes[owners]
        for rows in _portions(np.lexsort((codes, times, persons)), ENTRY_BYTES):
            columns = persons[rows], times[rows], codes[rows]
            yield "entries", EntriesPart(*stamp, name, *(column.tobytes() for column in columns))
    table = shard.people.sessions.open
    table = Table(hashes[table.persons], table.first, table.last)
    order = np.lexsort((table.first, table.persons))
    for rows in _portions(order, SESSION_BYTES):
        yield "sessions", SessionsPart(*stamp, *(column[rows].tobytes() for column in table))
    for some in _together(shard.people.sheets.held):
        yield "sheets", SheetsPart(*stamp, some)


def _portions(order: Rows, row_bytes: int) -> Iterator[Rows]:
    rows = max(1, PART_BYTES // row_bytes)
    for begin in range(0, len(order), rows):
        yield order[begin : begin + rows]


def _together(held: Mapping[Pane, Counts]) -> Iterator[list[tuple[str, Stored]]]:
    """Sheets in order, so many that the last one makes them as large as a part."""
    some: list[tuple[str, Stored]] = []
    size = 0
    for pane in sorted(held):
        some.append((str(pane), store(held[pane])))
        size += len(msgspec.msgpack.encode(some[-1]))
        if size >= PART_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
