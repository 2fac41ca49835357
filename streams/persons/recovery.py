"""From the rows of a changelog back to a shard: the newest snapshot that is whole."""

import numpy as np

from streams.checkpoint import digest_of
from streams.panes import Calendar, Pane
from streams.persons.entries import Entries
from streams.persons.heard import newest
from streams.persons.labels import LabelCodes
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
    if head is None:
        return None
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
    if isinstance(part, MarksPart):
        words = {number: np.frombuffer(raw, np.uint64) for number, raw in part.words.items()}
        columns = Columns(np.frombuffer(part.first, np.int32), words)
        keys, codes = np.frombuffer(part.keys, np.int64), np.frombuffer(part.codes, np.int16)
        shard.people.marks[part.name].append(keys, shard.people.population, codes, columns)
    elif isinstance(part, EntriesPart):
        rows = shard.people.population.find(np.frombuffer(part.persons, np.int64))
        times, codes = np.frombuffer(part.times, np.int64), np.frombuffer(part.codes, np.int16)
        register = shard.people.registers[part.name]
        register.entries = register.entries.join(Entries.of(rows, times, codes))
    elif isinstance(part, SessionsPart):
        raws = part.persons, part.first, part.last
        persons, first, last = (np.frombuffer(raw, np.int64) for raw in raws)
        rows = shard.people.population.find(persons)
        shard.people.sessions.open = shard.people.sessions.open.join(Table(rows, first, last))
    else:
        for name, state in part.sheets:
            counts: Counts = {metric: dict(series) for metric, series in state}
            shard.people.sheets.held[Pane.parse(name)] = counts
