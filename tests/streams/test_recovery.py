"""Recovery: a stop at any point of any checkpoint loses nothing and counts nothing twice."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.checkpoint import ARCHIVE, IDS, MANIFEST
from streams.panes import LIFETIME
from streams.partition import Partition
from streams.recovery import ForeignGeneration
from streams.unit import UnknownVersion, seal
from tests.streams.checkpointed import (
    FOLDING,
    LOGS,
    START,
    STRAIGHT,
    checkpoints,
    manifest_of,
    rest,
    snapshot_of,
)
from tests.streams.made_up import (
    HOUR,
    MINUTE,
    SECOND,
    Row,
    Written,
    body,
    compacted,
    fold,
    of_version,
    recovered,
    rows_of,
    writes,
)


def go_on(written: Written, rows: list[Row]) -> Partition:
    return fold(recovered(FOLDING, written).partition, rows)


STEPS = st.lists(
    st.tuples(
        st.integers(1, 90),  # records folded before a checkpoint
        st.none() | st.integers(0, 40),  # stop after so many of its writes; None: goes on
    ),
    min_size=1,
    max_size=8,
)


@given(st.sampled_from(list(LOGS)), STEPS, st.sampled_from(["compacted", "not compacted"]))
@settings(max_examples=60)
def test_stopping_anywhere_and_going_on_equals_never_having_stopped(
    step: int, steps: list[tuple[int, int | None]], compact: str
) -> None:
    # fold ▸ checkpoint ▸ fold ▸ check✗ stop ▸ recover ▸ fold ▸ ...
    rows, written, partition = LOGS[step], Written(), Partition(FOLDING)
    for size, stop in steps:
        partition.fold(rest(partition, rows)[:size])
        new = writes(partition.snapshot())
        written += new if stop is None else new[:stop]
        if compact == "compacted":
            written = compacted(written)
        if stop is not None:
            partition = recovered(FOLDING, written).partition
    assert fold(partition, rows).canonical() == STRAIGHT[step]
    assert go_on(written, rows).canonical() == STRAIGHT[step]


@pytest.mark.parametrize("step", list(LOGS))
@pytest.mark.parametrize("units", range(12))
def test_a_checkpoint_cut_between_its_units_loses_nothing(step: int, units: int) -> None:
    # checkpoint 1 whole │ 150 records │ checkpoint 2: some units written, then the process ends
    rows, partition, written = LOGS[step], Partition(FOLDING), Written()
    partition.fold(rows[:100])
    written += writes(partition.snapshot())
    partition.fold(rows[100:200])
    written += writes(partition.snapshot())[:units]
    assert go_on(written, rows).canonical() == STRAIGHT[step]


@given(
    st.sampled_from(list(LOGS)),
    st.lists(st.integers(1, 90), min_size=1, max_size=6),
    st.data(),
)
@settings(max_examples=60)
def test_missing_and_damaged_rows_are_built_anew(
    step: int, sizes: list[int], data: st.DataObject
) -> None:
    rows = LOGS[step]
    held = dict(compacted(checkpoints(rows, sizes)))
    names = sorted(name for name in held if name != MANIFEST and not name.startswith(ARCHIVE))
    for key in data.draw(st.sets(st.sampled_from(names))):
        if data.draw(st.booleans()):
            del held[key]
        else:
            raw = held[key]
            assert raw is not None
            held[key] = raw[:-1] + bytes([raw[-1] ^ 1])
    found = recovered(FOLDING, list(held.items()))
    assert found.lost == []
    assert fold(found.partition, rows).canonical() == STRAIGHT[step]


@given(
    st.sampled_from(list(LOGS)),
    st.lists(st.integers(1, 90), min_size=2, max_size=6),
    st.data(),
)
@settings(max_examples=60)
def test_rows_older_than_the_manifest_are_brought_up_to_date(
    step: int, sizes: list[int], data: st.DataObject
) -> None:
    rows = LOGS[step]
    written = checkpoints(rows, sizes)
    held = dict(compacted(written))
    older: dict[str, list[bytes]] = {}
    for key, raw in written:
        if raw is not None and key in held and not key.startswith((MANIFEST, ARCHIVE)):
            older.setdefault(key, []).append(raw)
    for key in data.draw(st.sets(st.sampled_from(sorted(older)))):
        held[key] = data.draw(st.sampled_from(older[key]))
    assert go_on(list(held.items()), rows).canonical() == STRAIGHT[step]


@pytest.mark.parametrize("later", [0, 200])
def test_a_unit_built_anew_finds_the_duplicates_it_found_before(later: int) -> None:
    # offset 0: m, in hour A │ 64: m again, in hour B: a duplicate │ 65: n, in hour B │ later ones
    # B's units are lost. They are built anew from offset 64 on, where m must still be a duplicate.
    rows = [
        Row(0, START, body(message_id="m", time=START)),
        *(Row(i, START, body(message_id=f"x{i}", time=START)) for i in range(1, 64)),
        Row(64, START + HOUR, body(message_id="m", time=START + HOUR)),
        Row(65, START + HOUR, body(message_id="n", time=START + HOUR)),
    ]
    then = START + 2 * HOUR
    rows += [Row(i, then, body(message_id=f"x{i}", time=then)) for i in range(66, 66 + later)]
    held = dict(compacted(checkpoints(rows, [64, len(rows)])))
    lost = [key for key in held if key.endswith(f"/{START + HOUR}")]
    assert lost
    for key in lost:
        del held[key]
    assert go_on(list(held.items()), rows).canonical() == go_on([], rows).canonical()


def test_a_repeated_id_stays_a_duplicate_after_a_restart() -> None:
    rows = [Row(i, START, body(message_id=str(i % 50), time=START)) for i in range(100)]
    written = checkpoints(rows[:70], [70])
    outcomes = go_on(written, rows).units.held[LIFETIME].state["outcomes"]
    assert outcomes == {("accepted",): 50, ("duplicate",): 50}


def test_an_id_stays_a_duplicate_when_its_segment_was_lost() -> None:
    rows = [Row(i, START, body(message_id=str(i % 70), time=START)) for i in range(140)]
    held = dict(compacted(checkpoints(rows[:70], [70])))
    del held[f"{IDS}0"]
    outcomes = go_on(list(held.items()), rows).units.held[LIFETIME].state["outcomes"]
    assert outcomes == {("accepted",): 70, ("duplicate",): 70}


def test_reading_goes_on_inside_a_block() -> None:
    # ├─── block 64 … 127 ───┤  the checkpoint at 110 remembers the times of 64 … 109
    written = checkpoints(LOGS[MINUTE][:80], [80])
    manifest = manifest_of(written)
    assert manifest.offset % 64
    assert recovered(FOLDING, written).partition.offset == manifest.offset


@given(st.sampled_from(list(LOGS)), STEPS)
@settings(max_examples=20)
def test_the_newest_row_of_a_name_counts_wherever_it_stands(
    step: int, steps: list[tuple[int, int | None]]
) -> None:
    written = checkpoints(LOGS[step], [size for size, _ in steps])
    kept = [row for row in written if row[1] is not None]
    backwards = go_on(kept[::-1], LOGS[step])
    assert backwards.canonical() == STRAIGHT[step]


def test_dead_letters_are_not_sent_again_below_the_manifest() -> None:
    rows = [
        Row(i, START, b"{" if i % 10 == 5 else body(message_id=str(i), time=START))
        for i in range(100)
    ]
    held = dict(compacted(checkpoints(rows, [80])))
    del held[str(LIFETIME)]
    partition = recovered(FOLDING, list(held.items())).partition
    assert partition.offset == 0
    assert [letter.offset for letter in partition.fold(rows)] == [85, 95]
    assert partition.dead_letters.read == 100


def test_an_empty_changelog_starts_at_the_beginning() -> None:
    found = recovered(FOLDING, [], beginning=500)
    assert (found.partition.offset, found.repaired, found.lost) == (500, 0, [])


@pytest.mark.parametrize("stop", [110, 128, 200])
def test_a_source_begun_in_the_middle_of_a_block_goes_on_the_same(stop: int) -> None:
    # the source holds offsets from 100 on
    rows = [Row(i, START, body(message_id=str(i), time=START + i * SECOND)) for i in range(300)]
    straight = fold(Partition(FOLDING, offset=100), rows).canonical()
    partition = Partition(FOLDING, offset=100)
    partition.fold(rows[:stop])
    held = writes(partition.snapshot())
    again = recovered(FOLDING, held, beginning=100).partition
    assert fold(again, rows).canonical() == straight
    without = [row for row in held if row[0] != str(LIFETIME)]
    again = recovered(FOLDING, without, beginning=100).partition
    assert again.offset == 100
    assert fold(again, rows).canonical() == straight


def test_recovery_says_how_many_units_it_builds_anew() -> None:
    held = dict(compacted(checkpoints(LOGS[MINUTE], [200])))
    assert recovered(FOLDING, held.items()).repaired == 0
    del held[str(LIFETIME)]
    found = recovered(FOLDING, held.items())
    assert found.repaired == 1
    assert not found.partition.is_whole
    assert fold(found.partition, LOGS[MINUTE]).is_whole


def test_no_manifest_is_written_while_a_unit_is_built_anew() -> None:
    held = dict(compacted(checkpoints(LOGS[MINUTE], [200])))
    del held[str(LIFETIME)]
    partition = recovered(FOLDING, held.items()).partition
    partition.fold(LOGS[MINUTE][:100])
    assert not snapshot_of(partition).is_safe
    partition.fold(LOGS[MINUTE])
    assert snapshot_of(partition).is_safe


def test_orphans_are_buried_with_the_next_checkpoint() -> None:
    rows = LOGS[HOUR]
    written = checkpoints(rows, [100, 100])
    dropped = [name for name, raw in written if raw is None]
    assert dropped
    left = [row for row in written if row[1] is not None]  # the tombstones were never written
    partition = recovered(FOLDING, left).partition
    partition.fold(rows)
    buried = {name for name, _ in snapshot_of(partition).tombstones}
    assert set(dropped) <= buried
    assert not buried & {str(pane) for pane in partition.units.held}


def test_a_foreign_generation_is_refused() -> None:
    written = checkpoints(LOGS[MINUTE], [200])
    with pytest.raises(ForeignGeneration):
        recovered(FOLDING, written, generation="another")


def test_a_row_of_another_version_ends_the_recovery() -> None:
    held = dict(compacted(checkpoints(LOGS[MINUTE], [200])))
    raw = held[str(LIFETIME)]
    assert raw
    held[str(LIFETIME)] = of_version(raw, raw[0] + 1, str(LIFETIME))
    with pytest.raises(UnknownVersion):
        rows_of(held.items())


def test_a_damaged_row_of_no_known_name_is_passed_over() -> None:
    written = checkpoints(LOGS[MINUTE], [200])
    strange = [(name, b"what?") for name in ("archive/", "archive/12x", "ids/y", "hour/?")]
    found = recovered(FOLDING, [*strange, *written]).partition
    assert found.canonical() == recovered(FOLDING, written).partition.canonical()


@pytest.mark.parametrize("name", ["a key of tomorrow", "hour/x", "ids/x", "fortnight/7", ""])
def test_names_that_are_no_panes_are_passed_over(name: str) -> None:
    written = checkpoints(LOGS[MINUTE], [200])
    strange = [(name, seal(["", 0, b"", [0, 0, 0, 0], [0, 0, 0, 0], []], name))]
    found = recovered(FOLDING, [*strange, *written]).partition
    assert found.canonical() == recovered(FOLDING, written).partition.canonical()
