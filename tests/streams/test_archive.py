"""Final panes: listed in the archive, and sound whoever wrote their rows last."""

import pytest

from streams.checkpoint import ARCHIVE, MANIFEST
from streams.partition import Partition
from tests.streams.checkpointed import (
    DAYS,
    FOLDING,
    LOGS,
    STRAIGHT,
    archive_of,
    checkpoints,
    manifest_of,
    rest,
    snapshot_of,
    steady,
)
from tests.streams.made_up import (
    DAY,
    MINUTE,
    Row,
    Written,
    compacted,
    fold,
    recovered,
    writes,
)


def test_final_panes_leave_the_manifest_for_the_archive() -> None:
    # ├ days, final ────────────────┤ grace 24 h ├ watermark
    written = checkpoints(LOGS[DAY // 3], [100, 100])
    manifest = manifest_of(written)
    watermark = manifest.place.watermark
    calendar = FOLDING.calendar
    partition = recovered(FOLDING, written).partition
    final = {str(pane) for pane in partition.units.held if calendar.is_final(pane, watermark)}
    assert len(final) > 50
    assert not final & manifest.units.keys()
    assert manifest.units.keys() | final == {str(pane) for pane in partition.units.held}


def test_an_archive_without_news_is_not_written_again() -> None:
    partition = Partition(FOLDING)
    partition.fold(LOGS[DAY // 3][:200])
    assert snapshot_of(partition).archive
    last = LOGS[DAY // 3][200]
    partition.fold([last])
    again = snapshot_of(partition)
    assert again.manifest
    assert not again.archive


def test_a_lost_archive_is_made_of_the_units() -> None:
    held = dict(compacted(checkpoints(LOGS[DAYS], [200])))
    del held[archive_of(held.items())]
    found = recovered(FOLDING, held.items())
    assert (found.lost, found.repaired) == ([], 0)
    assert fold(found.partition, LOGS[DAYS]).canonical() == STRAIGHT[DAYS]
    assert snapshot_of(found.partition).archive


def test_a_final_unit_built_anew_is_sound_from_then_on() -> None:
    rows = LOGS[DAYS]
    held = dict(compacted(checkpoints(rows, [200])))
    final = [name for name in held if name.startswith("day/")][20]
    del held[final]
    partition = fold(recovered(FOLDING, held.items()).partition, rows)
    written = [*held.items(), *writes(partition.snapshot())]
    again = recovered(FOLDING, written, beginning=rows[-1].offset)
    assert (again.lost, again.repaired) == ([], 0)
    assert again.partition.canonical() == STRAIGHT[DAYS]


def late_rows(rows: list[Row], sizes: list[int]) -> Written:
    """A changelog in which a writer that was left behind wrote its rows last."""
    partition, behind = Partition(FOLDING), Partition(FOLDING)
    behind.fold(rows[: sizes[0] // 2])
    written = Written()
    for size in sizes:
        partition.fold(rest(partition, rows)[:size])
        written += writes(partition.snapshot())
    return written + [row for row in writes(behind.snapshot()) if row[1] is not None]


@pytest.mark.parametrize("step", list(LOGS))
def test_rows_written_last_by_one_who_was_left_behind_are_written_again(step: int) -> None:
    # ... │ rows of the owner │ stale rows of a zombie │ recovery │ compaction: what is left?
    rows = LOGS[step]
    written = late_rows(rows, [120, 80])
    partition = recovered(FOLDING, written).partition
    partition.fold(rows)
    written = compacted(written + writes(partition.snapshot()))
    again = recovered(FOLDING, written, beginning=rows[-1].offset)
    assert (again.lost, again.repaired) == ([], 0)
    assert again.partition.canonical() == STRAIGHT[step]


def test_a_row_that_lands_late_is_covered_when_its_pane_is_final() -> None:
    # rows of the owner │ stale row of a zombie │ the owner goes on for days │ compaction
    rows = steady(260, 20 * MINUTE)
    behind, partition = Partition(FOLDING), Partition(FOLDING)
    partition.fold(rows[:30])
    written = writes(partition.snapshot())
    behind.fold(rows[:20])
    written += snapshot_of(behind).units
    for end in range(40, len(rows), 10):
        partition.fold(rows[:end])
        written += writes(partition.snapshot())
    again = recovered(FOLDING, compacted(written), beginning=rows[150].offset)
    assert (again.lost, again.repaired) == ([], 0)


def test_a_final_unit_that_is_written_again_enters_the_archive_again() -> None:
    # stale row of a final unit last │ recovery │ checkpoint │ the archive is damaged
    rows = LOGS[DAYS]
    written = checkpoints(rows, [100, 100])
    final = [name for name, _ in compacted(written) if name.startswith("day/")][3]
    stale = next(raw for name, raw in checkpoints(rows, [50]) if name == final)
    partition = fold(recovered(FOLDING, [*written, (final, stale)]).partition, rows)
    written += [(final, stale), *writes(partition.snapshot())]
    left = [row for row in compacted(written) if not row[0].startswith(ARCHIVE)]
    found = recovered(FOLDING, left, beginning=rows[-1].offset)
    assert (found.lost, found.repaired) == ([], 0)


def test_the_manifest_before_the_last_one_still_has_its_archive() -> None:
    # manifest, archive A │ hours are dropped, archive B, manifest │ the last manifest is damaged
    rows = steady(260, DAYS)
    partition, written = Partition(FOLDING), Written()
    for end in range(120, len(rows)):
        partition.fold(rows[:end])
        new = writes(partition.snapshot())
        hours = [name for name, raw in new if raw is None and name.startswith("hour/")]
        if written and hours and any(name.startswith(ARCHIVE) and raw for name, raw in new):
            break
        written += new
    damaged = [(name, raw and raw[:-1]) if name == MANIFEST else (name, raw) for name, raw in new]
    found = recovered(FOLDING, written + damaged, beginning=rows[100].offset)
    assert found.lost == []
    assert fold(found.partition, rows).canonical() == fold(Partition(FOLDING), rows).canonical()
