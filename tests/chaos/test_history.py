"""What the judge says of rows that were written, each beside the same ones as they should be."""

from collections.abc import Iterable, Iterator
from functools import cache

import pytest

from streams.checkpoint import MANIFEST, Manifest, Row
from streams.partition import Partition
from streams.recovery import recover
from streams.rows import Rows
from streams.unit import unseal
from tests.chaos.faults.rebuilding import begun_beyond
from tests.chaos.history import History, Written
from tests.chaos.notes import Notes
from tests.chaos.recount import Row as Record
from tests.chaos.rules import RULES
from tests.chaos.test_recount import FOLDING, rows_of
from tests.oracle.judge import Judge
from tests.oracle.reading import read

LIVE = 1_200
MIDST = 600
"""Records of history that were read by those who were left behind."""
END = 1_300
PIECE = 100


@cache
def records() -> list[Record]:
    """A log that begins with a history."""
    return rows_of(3, LIVE)[1]


def rows_of_checkpoints(partition: Partition, *ends: int) -> Iterator[Written]:
    """What a worker writes that has a checkpoint at each of these offsets."""
    since = partition.manifest_offset
    for end in ends:
        partition.fold(records()[partition.offset : end])
        snapshot = partition.snapshot()
        for stage in snapshot.stages() if snapshot else ():
            yield from (Written(name, raw, since) for name, raw in stage)


def recovered(rows: Iterable[Written]) -> Partition:
    """The next worker, from such rows."""
    held = Rows()
    for row in rows:
        held.take(f"0/{row.name}", row.value)
    return recover(FOLDING, held).partition


def judged(rows: Iterable[Written]) -> list[str]:
    """What is wrong with such rows."""
    history, notes, judge = History(0), Notes(), Judge(read)
    for row in rows:
        history.take(row)
    for record in records():
        notes.take(0, is_dead=judge.outcome(record) == "dead_letter")
    return list(history.wrong(notes, FOLDING.calendar))


def landed(*rows: Row) -> list[Written]:
    return [Written(name, raw, None) for name, raw in rows]


@pytest.fixture(scope="module")
def written() -> list[Written]:
    """What one worker wrote that never ended."""
    return list(rows_of_checkpoints(Partition(FOLDING), *range(PIECE, END + 1, PIECE)))


def rebuilt(written: list[Written]) -> list[Written]:
    """The same, then a zombie and a tombstone, then a worker that builds something anew."""
    zombies = []
    for end in (MIDST + 6, MIDST):
        left = rows_of_checkpoints(Partition(FOLDING), end)
        zombies += [row for row in left if row.value and row.name != MANIFEST]
    last = {row.name: row.value for row in written}
    hours = [name for name, value in last.items() if name.startswith("hour/") and value]
    all_rows = [*written, *landed(*((n, raw) for n, raw, _ in zombies), (min(hours), None))]
    successor = recovered(all_rows)
    assert successor.offset < MIDST // 2
    return [*all_rows, *rows_of_checkpoints(successor, *range(PIECE, len(records()) + 1, PIECE))]


def continued(written: list[Written]) -> list[Written]:
    """The same, then one dies after units; where the next one dies they are begun beyond it."""
    first = recovered(written)
    for end in range(END, END + 3 * PIECE, 20):
        first.fold(records()[first.offset : end])
    snapshot = first.snapshot()
    assert snapshot is not None
    written = written + landed(*snapshot.units)
    written += rows_of_checkpoints(recovered(written), END + 10)
    last = [row.value for row in written if row.name == MANIFEST][-1]
    assert last is not None
    beyond = begun_beyond(unseal(Manifest, last, MANIFEST))
    assert beyond
    written += landed(*((name, None) for name in beyond))
    return [*written, *rows_of_checkpoints(recovered(written), len(records()))]


def test_nothing_is_wrong_with_one_worker_nor_with_one_that_builds_anew(
    written: list[Written],
) -> None:
    assert judged(written) == []
    assert judged(rebuilt(written)) == []
    assert judged(continued(written)) == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("finality", "is without"),
        ("orphans", "is without"),
        ("regress", "who went on from a manifest at 1300 wrote one at"),
        ("rewriting", "would be left at"),
    ],
)
def test_without_a_rule_of_recovery_a_row_is_wrong(
    written: list[Written], rule: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    RULES[rule](monkeypatch)
    assert any(told in text for text in judged(rebuilt(written)))


def test_who_goes_on_too_late_has_noted_too_little(
    written: list[Written], monkeypatch: pytest.MonkeyPatch
) -> None:
    RULES["entries"](monkeypatch)
    (told,) = judged(continued(written))
    assert "has Note(read=" in told
