"""What cannot be rebuilt is declared lost, with the stretch of event time that it may touch."""

import pytest

from streams.checkpoint import ARCHIVE, IDS, MANIFEST
from streams.losses import MOST_LOSSES, OPEN, Loss, Losses
from streams.panes import FUTURE_LIMIT, GRACE, LIFETIME, NO_WATERMARK, Grain, Pane
from streams.partition import Partition
from tests.streams.checkpointed import (
    DAYS,
    FOLDING,
    LOGS,
    START,
    STRAIGHT,
    archive_of,
    checkpoints,
    manifest_of,
    snapshot_of,
    steady,
)
from tests.streams.made_up import (
    HOUR,
    MINUTE,
    Row,
    body,
    compacted,
    fold,
    recovered,
    writes,
)


def test_with_a_lost_archive_it_is_declared_that_a_unit_may_be_missing() -> None:
    held = dict(compacted(checkpoints(LOGS[DAYS], [200])))
    manifest = manifest_of(list(held.items()))
    final = [name for name in held if name.startswith("day/") and name not in manifest.units]
    del held[archive_of(held.items())], held[final[3]]
    anew = recovered(FOLDING, held.items())
    assert anew.lost == []  # the source still holds everything
    assert fold(anew.partition, LOGS[DAYS]).canonical() == STRAIGHT[DAYS]
    found = recovered(FOLDING, held.items(), beginning=LOGS[DAYS][5].offset)
    assert "the list of final panes" in found.lost[0]
    (loss,) = found.partition.losses.known
    assert loss.until == manifest.place.watermark - GRACE


def test_a_unit_the_source_no_longer_holds_is_declared_lost() -> None:
    rows = LOGS[MINUTE]
    held = dict(compacted(checkpoints(rows, [200])))
    name = next(key for key in held if key.startswith("hour/"))
    del held[name]
    found = recovered(FOLDING, held.items(), beginning=rows[150].offset)
    begin, offset = int(name.partition("/")[2]), manifest_of(list(held.items())).offset
    loss = Loss(begin, begin + HOUR, name, offset, offset, units=1)
    assert found.partition.losses.known == [loss]
    assert found.partition.losses.units == 1
    assert name in found.lost[0]
    rest_of = fold(found.partition, rows).canonical()
    assert {k: v for k, v in rest_of.items() if k != name} == {
        k: v for k, v in STRAIGHT[MINUTE].items() if k != name
    }


def test_totals_that_are_lost_begin_anew_and_touch_no_window() -> None:
    rows = LOGS[MINUTE]
    held = dict(compacted(checkpoints(rows, [200])))
    del held[str(LIFETIME)]
    found = recovered(FOLDING, held.items(), beginning=rows[150].offset)
    (loss,) = found.partition.losses.known
    assert loss.begin == loss.until
    fold(found.partition, rows)
    counted = found.partition.units.held[LIFETIME].state["outcomes"]
    assert sum(counted.values()) == len(rows) - 200


def test_records_the_source_no_longer_holds_are_declared_lost() -> None:
    # ├── folded ──┤ manifest ├── gone ──┤ beginning ├── still there
    rows = steady(400, MINUTE)
    found = recovered(FOLDING, checkpoints(rows, [200]), beginning=250)
    partition = found.partition
    assert partition.offset == 250
    assert partition.losses.records == 50
    watermark = partition.watermark
    assert partition.losses.known == [
        Loss(watermark - GRACE, OPEN, "records", 200, 250, records=50)
    ]
    assert "offsets 200 to 250" in found.lost[0]
    fold(partition, rows)
    outcomes = partition.units.held[LIFETIME].state["outcomes"]
    assert sum(outcomes.values()) == 350
    (loss,) = partition.losses.known
    assert loss.until == rows[250].timestamp + FUTURE_LIMIT


def test_times_from_before_a_loss_have_no_part_in_the_watermark_after_it() -> None:
    # block 192 … 255: 192 … 199 folded │ lost │ 250 … 255: too few times to move the watermark
    rows = steady(400, MINUTE)
    partition = recovered(FOLDING, checkpoints(rows, [200]), beginning=250).partition
    before = partition.watermark
    partition.fold(rows[:257])
    assert partition.watermark == before


def test_a_source_cut_while_state_is_rebuilt_is_not_passed_over() -> None:
    held = dict(compacted(checkpoints(LOGS[MINUTE], [200])))
    del held[str(LIFETIME)]
    partition = recovered(FOLDING, held.items()).partition
    with pytest.raises(ValueError, match="needed to rebuild"):
        partition.lose(100)


def test_a_loss_survives_a_restart() -> None:
    rows = steady(400, MINUTE)
    written = checkpoints(rows, [200])
    partition = recovered(FOLDING, written, beginning=250).partition
    fold(partition, rows)
    written += writes(partition.snapshot())
    again = recovered(FOLDING, written, beginning=250).partition
    assert again.losses == partition.losses


def test_ids_the_source_no_longer_holds_are_declared_lost() -> None:
    rows = [Row(i, START, body(message_id=str(i % 70), time=START)) for i in range(140)]
    held = dict(compacted(checkpoints(rows[:70], [70])))
    del held[f"{IDS}0"]
    found = recovered(FOLDING, list(held.items()), beginning=70)
    assert found.partition.losses.units == 1
    assert [loss.what for loss in found.partition.losses.known] == ["ids"]


def test_without_a_manifest_counting_begins_where_the_source_does() -> None:
    rows = LOGS[MINUTE]
    held = dict(compacted(checkpoints(rows, [200])))
    del held[MANIFEST]
    found = recovered(FOLDING, held.items())
    assert found.lost == []
    assert fold(found.partition, rows).canonical() == STRAIGHT[MINUTE]


def test_without_a_manifest_what_was_counted_and_is_gone_is_declared_lost() -> None:
    rows = LOGS[MINUTE]
    held = dict(compacted(checkpoints(rows, [200])))
    raw = held[MANIFEST]
    assert raw is not None
    held[MANIFEST] = raw[:-1]
    beginning = rows[100].offset
    found = recovered(FOLDING, held.items(), beginning=beginning)
    assert found.partition.losses.records == beginning
    assert "no manifest is left" in found.lost[0]
    # ... and what is written from then on is all there is to a restart
    partition = fold(found.partition, rows)
    written = [*held.items(), *writes(partition.snapshot())]
    again = recovered(FOLDING, written, beginning=rows[-1].offset)
    assert again.lost == []
    assert again.partition.canonical() == partition.canonical()


def test_a_loss_is_declared_again_where_only_units_tell_of_it() -> None:
    # owner:    manifest 90 │ dies        N: 90 … 200 lost │ manifest 220 │ units 240 │ dies
    # zombie Z: had read to 210 before the source was cut │ writes 210 and 230 last
    rows = steady(400, MINUTE)
    zombie = Partition(FOLDING)
    zombie.fold(rows[:90])
    written = writes(zombie.snapshot())
    zombie.fold(rows[:210])
    owner = recovered(FOLDING, written, beginning=200).partition
    owner.fold(rows[:220])
    written += writes(owner.snapshot()) + writes(zombie.snapshot())
    zombie.fold(rows[:230])
    written += writes(zombie.snapshot())
    owner.fold(rows[:240])
    written += snapshot_of(owner).units
    found = recovered(FOLDING, written, beginning=200)
    partition = fold(found.partition, rows)
    assert partition.losses.records == 110
    assert "as another worker has declared" in found.lost[0]
    assert sum(partition.units.held[LIFETIME].state["outcomes"].values()) == 290
    # ... once
    written += writes(partition.snapshot())
    again = recovered(FOLDING, written, beginning=200)
    assert (again.lost, again.partition.losses) == ([], partition.losses)


def test_lost_ids_may_touch_whatever_a_copy_may_carry() -> None:
    # an upload of yesterday evening │ its id is lost │ its copy is counted again: yesterday too
    rows = steady(400, MINUTE)
    late = START - 20 * HOUR
    for offset in (195, 205):
        value = body(message_id="late", time=late)
        rows[offset] = rows[offset]._replace(value=value)
    written = checkpoints(rows, [200])
    held = {n: raw for n, raw in compacted(written) if not n.startswith(IDS)}
    found = recovered(FOLDING, held.items(), beginning=200)
    partition = fold(found.partition, rows)
    straight = fold(Partition(FOLDING), rows).canonical()
    wrong = {n for n, raw in partition.canonical().items() if straight.get(n) != raw}
    touched = [Pane.parse(name) for name in wrong - {"watermark", str(LIFETIME)}]
    assert Pane(Grain.DAY, FOLDING.calendar.day_start(late)) in touched
    (loss,) = partition.losses.known
    assert all(loss.touches(pane, FOLDING.calendar.end(pane)) for pane in touched)
    assert loss.until == rows[200].timestamp + FUTURE_LIMIT


@pytest.mark.parametrize("damaged", [MANIFEST, ARCHIVE])
def test_a_state_begun_in_the_middle_of_the_source_begins_there_again(damaged: str) -> None:
    # source ├── not asked for ──┤ `replay --from` ├── folded │ manifest, or archive and a day, gone
    rows = LOGS[DAYS]
    start = rows[60].offset
    partition = fold(Partition(FOLDING, offset=start), rows)
    written = compacted(writes(partition.snapshot()))
    final = [name for name, _ in written if name.startswith("day/")][3]
    gone = {damaged} if damaged == MANIFEST else {archive_of(written), final}
    found = recovered(FOLDING, [row for row in written if row[0] not in gone])
    assert found.lost == []
    assert fold(found.partition, rows).canonical() == partition.canonical()


def test_a_loss_is_counted_once_however_often_its_writer_dies() -> None:
    # manifest 90 │ 90 … 200 lost │ units 220 tell of it │ dies before its manifest, again and again
    rows = steady(400, MINUTE)
    written = checkpoints(rows, [90])
    for end in (220, 240, 260):
        partition = recovered(FOLDING, written, beginning=200).partition
        partition.fold(rows[:end])
        written += snapshot_of(partition).units
        assert partition.losses.records == 110
        assert len(partition.losses.known) == 1


def test_a_loss_is_not_hidden_by_another_one() -> None:
    # N: 90 … 140 lost │ units 420 │ dies       Z: had read to 300 │ 300 … 400 lost │ manifest 410
    rows = steady(500, 20 * MINUTE)
    zombie = Partition(FOLDING)
    zombie.fold(rows[:90])
    written = writes(zombie.snapshot())
    zombie.fold(rows[:300])
    owner = recovered(FOLDING, written, beginning=140).partition
    owner.fold(rows[:420])
    units = snapshot_of(owner).units
    zombie.lose(400)
    zombie.fold(rows[:410])
    found = recovered(FOLDING, [*written, *units, *writes(zombie.snapshot())], beginning=400)
    assert found.partition.losses.records == 150
    partition, straight = fold(found.partition, rows), fold(Partition(FOLDING), rows)
    ours, theirs = partition.canonical(), straight.canonical()
    # Fewer records in a block may move the watermark sooner, and minutes are dropped sooner then.
    wrong = {name for name in theirs.keys() & ours if ours[name] != theirs[name]} - {"watermark"}
    assert str(LIFETIME) in wrong
    assert len(wrong) > 2
    for pane in map(Pane.parse, wrong - {str(LIFETIME)}):
        end = FOLDING.calendar.end(pane)
        assert any(loss.touches(pane, end) for loss in partition.losses.known)


def test_offsets_that_several_tell_of_are_counted_once() -> None:
    losses = Losses()
    losses.declare_records(150, 200, NO_WATERMARK)
    told = [
        Loss(NO_WATERMARK, OPEN, "records", 90, 140, records=50),
        Loss(NO_WATERMARK, OPEN, "records", 90, 200, records=110),
        Loss(NO_WATERMARK, 5, "records", 90, 200, records=110),
        Loss(7, 8, "hour/7", 200, 200, units=1),
    ]
    assert [loss.first for loss in losses.believe(told, NO_WATERMARK)] == [90, 200]
    assert (losses.records, losses.units) == (110, 1)
    assert losses.believe(told, NO_WATERMARK) == []


def test_what_several_losses_are_told_as_one_of_is_counted_as_what_it_was() -> None:
    owner = Losses()
    for first in range(0, 10 * MOST_LOSSES, 10):
        owner.declare_records(first, first + 4, NO_WATERMARK)
        owner.declare_unit(7, 8, "hour/7", first + 5)
    several = owner.known[0]
    assert several.what == "several"
    heir = Losses()
    heir.believe(owner.known, NO_WATERMARK)
    assert (heir.records, heir.units) == (owner.records, owner.units)
    heir.adopt(several)
    assert (heir.records, heir.units) == (owner.records, owner.units)


def test_the_loss_of_a_unit_before_the_first_watermark_touches_it() -> None:
    losses = Losses()
    losses.declare_unit(NO_WATERMARK, NO_WATERMARK, str(LIFETIME), 1)
    assert losses.known[0].touches(LIFETIME, OPEN)
    assert not losses.known[0].touches(Pane(Grain.DAY, 0), OPEN)


def test_a_state_begun_anew_counts_from_its_first_checkpoint_on() -> None:
    # archive and a day gone │ begun anew │ checkpoint below the old manifest │ restart, source cut
    rows = LOGS[DAYS]
    held = dict(compacted(checkpoints(rows, [200])))
    final = [name for name in held if name.startswith("day/")][3]
    left = [row for row in held.items() if row[0] not in {archive_of(held.items()), final}]
    partition = recovered(FOLDING, left).partition
    partition.fold(rows[:150])
    left += writes(partition.snapshot())
    found = recovered(FOLDING, left, beginning=rows[100].offset)
    assert found.lost == []
    assert found.partition.offset == partition.offset
    assert fold(found.partition, rows).canonical() == STRAIGHT[DAYS]


def test_totals_that_began_anew_do_not_move_the_beginning() -> None:
    # source cut to 100 │ totals lost and begun anew at 200 │ the manifest is damaged
    rows = steady(300, MINUTE)
    held = dict(compacted(checkpoints(rows, [200])))
    del held[str(LIFETIME)]
    partition = fold(recovered(FOLDING, held.items(), beginning=100).partition, rows[:250])
    left = [*held.items(), *writes(partition.snapshot())]
    found = recovered(FOLDING, [row for row in left if row[0] != MANIFEST], beginning=100)
    assert found.partition.offset == 100
    assert found.partition.losses.records == 100
