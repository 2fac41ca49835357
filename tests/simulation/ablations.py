"""The rules that make recovery exact, and how each is switched off."""

from collections.abc import Callable, Iterator

import pytest

from streams.checkpoint import Entry, Row, Snapshot
from streams.inventory import Inventory
from streams.panes import Pane
from streams.partition import Partition
from streams.recovery import _Recovery
from streams.rows import Rows
from streams.unit import Unit
from streams.units import Units

Switch = Callable[[pytest.MonkeyPatch], None]


def no_guard(patch: pytest.MonkeyPatch) -> None:
    """Every unit takes every record."""

    def takes(_units: Units, _unit: Unit, _offset: int) -> bool:
        return True

    patch.setattr(Units, "_takes", takes)


def no_finality(patch: pytest.MonkeyPatch) -> None:
    """Below the manifest a pane that it did not know gets a unit too."""

    def may_open(units: Units, pane: Pane, _first: int, watermark: int) -> bool:
        return units._calendar.is_kept(pane, watermark)

    patch.setattr(Units, "_may_open", may_open)


def no_regress(patch: pytest.MonkeyPatch) -> None:
    """A partition behind the manifest it came from writes one."""
    patch.setattr(Partition, "_may_write_manifest", lambda _partition: True)


def no_dropped_orphans(patch: pytest.MonkeyPatch) -> None:
    """Every unit that is found is part of the state."""
    patch.setattr(_Recovery, "_belongs", lambda *_: True)


def no_manifest(patch: pytest.MonkeyPatch) -> None:
    """Whatever units are found are taken as they are."""
    patch.setattr(_Recovery, "_broken", lambda _recovery: {})


def no_rank(patch: pytest.MonkeyPatch) -> None:
    """The last row of a name counts."""
    take = Rows.take

    def take_last(rows: Rows, name: str, raw: bytes | None) -> None:
        held = rows.held.pop(name, None)
        take(rows, name, raw)
        if held is not None and raw is not None and name not in rows.held:
            rows.held[name] = held  # the last one was damaged

    patch.setattr(Rows, "take", take_last)


def manifest_first(patch: pytest.MonkeyPatch) -> None:
    """A manifest is written before what it lists."""

    def stages(snapshot: Snapshot) -> Iterator[list[Row]]:
        yield from (snapshot.manifest, snapshot.units, snapshot.archive, snapshot.tombstones)

    patch.setattr(Snapshot, "stages", stages)


def tombstones_first(patch: pytest.MonkeyPatch) -> None:
    """Rows are buried before a manifest does without them."""

    def stages(snapshot: Snapshot) -> Iterator[list[Row]]:
        yield from (snapshot.tombstones, snapshot.units, snapshot.archive, snapshot.manifest)

    patch.setattr(Snapshot, "stages", stages)


def forget_within_blocks(patch: pytest.MonkeyPatch) -> None:
    """Ids are forgotten whenever a batch ends."""

    def settle(partition: Partition) -> None:
        before = partition.watermark
        partition.judge.settle(partition.offset)
        if partition.watermark != before:
            partition._move_on()

    patch.setattr(Partition, "_settle", settle)


def strict_entries(patch: pytest.MonkeyPatch) -> None:
    """A unit is brought up to its entry, even where that lies after the manifest."""

    def is_behind(here: Inventory, name: str, entry: Entry) -> bool:
        held = here.units.get(name)
        return held is None or held.offset < entry.offset

    patch.setattr(Inventory, "is_behind", is_behind)


def no_writing_again(patch: pytest.MonkeyPatch) -> None:
    """A row that counts is left where compaction will remove it."""
    patch.setattr(Rows, "stale_names", lambda _rows: set())


RULES: dict[str, Switch] = {
    "guard": no_guard,
    "finality": no_finality,
    "no regress": no_regress,
    "orphans are dropped": no_dropped_orphans,
    "manifest": no_manifest,
    "the largest rank counts": no_rank,
    "the manifest is written last": manifest_first,
    "rows are buried last": tombstones_first,
    "nothing is forgotten within a block": forget_within_blocks,
    "what follows the manifest is not missed": strict_entries,
    "rows that count are written again": no_writing_again,
}
