"""From the rows of a changelog back to a shard: the newest snapshot that is whole."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from streams.checkpoint import digest_of
from streams.panes import Calendar, Pane
from streams.persons.entries import Entries
from streams.persons.heard import newest
from streams.persons.labels import Codes, LabelCodes
from streams.persons.population import Rows as Persons
from streams.persons.presence import Columns
from streams.persons.sessions import Table
from streams.persons.shard import Shard
from streams.persons.sheets import Counts
from streams.persons.snapshot import (
    KINDS,
    EntriesPart,
    Head,
    MarksPart,
    Part,
    SessionsPart,
    head_name,
    offset_of,
    row_name,
)
from streams.recovery import ForeignGeneration, LostLineage, Recovered
from streams.rows import LINEAGE, Rows

T = TypeVar("T", bound=np.generic)


def recover(
    calendar: Calendar, rows: Rows, beginning: int = 0, generation: str = ""
) -> Recovered[Shard]:
    """Make a shard of its changelog; `beginning` is the first offset the facts topic still holds.

    Raises Unusable when there is state that must not be gone on with.
    """
    if LINEAGE in rows.damaged:
        raise LostLineage("the row of the changelog that says which persons count is damaged")
    for found in rows.generations() - {generation}:
        raise ForeignGeneration(found, generation)
    offsets = {offset for name in rows.names() if (offset := offset_of(name)) is not None}
    whole = (_load(calendar, rows, offset) for offset in sorted(offsets, reverse=True))
    shard = next((shard for shard in whole if shard is not None), None)
    if shard is None:
        shard = Shard(calendar, generation, rows.lineage)
    shard.stored_is(rows.names())
    lost, lost_records = [], 0
    if shard.offset < beginning:
        lost_records = beginning - shard.offset
        lost.append(f"offsets {shard.offset} to {beginning} of the facts")
        shard.lose(beginning)
    return Recovered(shard, 0, lost, lost_records)


def _load(calendar: Calendar, rows: Rows, offset: int) -> Shard | None:
    """The shard whose snapshot was taken at an offset; None when it is not whole."""
    head = rows.read(Head, head_name(offset))
    try:
        return _put_together(calendar, rows, head) if head else None
    except (ValueError, KeyError):  # its checksums are right, and what it says cannot be
        return None


def _put_together(calendar: Calendar, rows: Rows, head: Head) -> Shard | None:
    """The shard of a head; None when a part is missing. ValueError or KeyError when it is none."""
    offset = head.offset
    shard = Shard(calendar, head.generation, head.lineage, offset)
    for name, fact in shard.people.by_name.items():
        fact.labels = LabelCodes(head.labels[name])
    for kind, digests in head.parts.items():
        for number, known in enumerate(digests):
            name = row_name(offset, kind, number)
            part, raw = rows.read(KINDS[kind], name), rows.raw(name)
            if part is None or raw is None or digest_of(raw) != known:
                return None
            _take(shard, part)
    shard.heard, shard.partitions, shard.horizon = head.heard, head.partitions, head.horizon
    shard.people.health.begun, shard.people.health.scored = head.scored
    shard.too_late, shard.unheard = head.too_late, head.unheard
    shard.told, shard.noted, shard.losses = head.told, head.noted, head.losses
    shard.people.sheets.drop(newest(shard.heard))
    return shard


def _take(shard: Shard, part: Part) -> None:
    people = shard.people
    if isinstance(part, MarksPart):
        marks, count = people.marks[part.name], len(part.keys) // 8
        words = {number: _column(raw, np.uint64, count) for number, raw in part.words.items()}
        columns = Columns(_column(part.first, np.int32, count), words)
        codes = _codes(part.codes, count, marks.labels)
        marks.append(_column(part.keys, np.int64, count), people.population, codes, columns)
    elif isinstance(part, EntriesPart):
        register, count = people.registers[part.name], len(part.times) // 8
        rows, codes = _known(shard, part.persons, count), _codes(part.codes, count, register.labels)
        times = _column(part.times, np.int64, count)
        register.entries = register.entries.join(Entries.of(rows, times, codes))
    elif isinstance(part, SessionsPart):
        count = len(part.first) // 8
        first, last = (_column(raw, np.int64, count) for raw in (part.first, part.last))
        table = Table(_known(shard, part.persons, count), first, last)
        people.sessions.open = people.sessions.open.join(table)
    else:
        for name, state in part.sheets:
            counts: Counts = {metric: dict(series) for metric, series in state}
            people.sheets.held[Pane.parse(name)] = counts


def _column(raw: bytes, kind: type[T], count: int) -> npt.NDArray[T]:
    """So many numbers; ValueError where there are others."""
    found = np.frombuffer(raw, kind)
    if len(found) != count:
        raise ValueError(f"{len(found)} numbers in a column of {count}")
    return found


def _codes(raw: bytes, count: int, labels: LabelCodes) -> Codes:
    """Codes of labels that there are."""
    found = _column(raw, np.int16, count)
    if count and not 0 <= found.min() <= found.max() < len(labels.names):
        raise ValueError("a code of no label")
    return found


def _known(shard: Shard, raw: bytes, count: int) -> Persons:
    """The rows of persons, all of whom the marks have."""
    rows = shard.people.population.find(_column(raw, np.int64, count))
    if count and rows.min() < 0:
        raise ValueError("a person without marks")
    return rows
