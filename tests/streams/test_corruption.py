"""Damaged stored records: rebuilt from the source, declared lost, or refused; never a wrong number.

Every row of a changelog (units of each grain, segments of ids, archive, manifest, lineage) is hit
in every field, in its checksum and in its version, cut short and emptied; with the source whole,
and with a source that no longer holds what would be needed.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from streams.checkpoint import Archive, Manifest, StoredSegment
from streams.panes import LIFETIME, Pane
from streams.partition import Partition
from streams.recovery import LostLineage, recover
from streams.rows import LINEAGE, Rows, row_name, switch_to
from streams.unit import Damaged, StoredUnit, UnknownVersion, seal, unseal
from tests.streams.made_up import (
    DAY,
    HOUR,
    MINUTE,
    Log,
    Row,
    a_folding,
    fold,
    moment,
    of_version,
    writes,
)


def find_id(row: Row) -> str | None:
    found = re.search(rb'"messageId": "(.*?)"', row.value or b"")
    return found[1].decode() if found else None


START = moment("2026-10-24T20:00+02:00")
FOLDING = a_folding()
HEADER = 5
ROWS = [
    *Log(seed=1, start=START - 30 * DAY, step=5 * HOUR).rows(130, gaps=0),
    *Log(seed=2, start=START, step=MINUTE).rows(130, gaps=0),
]
# Without the clocks that are a year ahead: what they tell is bounded by nothing.
ROWS = [row for row in ROWS if row.timestamp < START + DAY]
ROWS = [row._replace(offset=i) for i, row in enumerate(ROWS)]
TRIMMED = 140
"""First offset of a source that no longer holds the records of the beginning."""
# None of which is repeated later: that copy would rightly be counted, in another pane.
GONE = {find_id(row) for row in ROWS[:TRIMMED]} - {None}
ROWS = [*ROWS[:TRIMMED], *(row for row in ROWS[TRIMMED:] if find_id(row) not in GONE)]
ROWS = [row._replace(offset=i) for i, row in enumerate(ROWS)]


class Damage(NamedTuple):
    """One way to damage one row."""

    row: str
    how: str
    raw: bytes


def changelog() -> dict[str, bytes]:
    """The compacted changelog after some checkpoints, under its full names."""
    partition, held = Partition(FOLDING), dict[str, bytes]()
    for end in (100, 190, 230):
        partition.fold(ROWS[:end])
        for name, raw in writes(partition.snapshot()):
            held.pop(row_name(2, name), None)
            if raw is not None:
                held[row_name(2, name)] = raw
    return held | {LINEAGE: switch_to(2)}


CHANGELOG = changelog()
STRAIGHT = fold(Partition(FOLDING), ROWS).canonical()


def one_of_each_kind() -> list[str]:
    """A row of every kind; of units one of each grain, a final one too."""
    found: dict[str, str] = {}
    for name in sorted(CHANGELOG):
        kind = "/".join(name.split("/")[:2])
        found.setdefault(kind, name)
        if kind.endswith(("hour", "day")):
            found[f"last {kind}"] = name
    return sorted(found.values())


def fields(payload: bytes, base: int = 0) -> Iterator[tuple[int, int]]:
    """Begin and end of every value in a MessagePack array or map, the nested ones too."""
    value = msgspec.msgpack.decode(payload)
    if not isinstance(value, list | dict):
        return
    parts = list(value) if isinstance(value, list) else [x for kv in value.items() for x in kv]
    encoded = [msgspec.msgpack.encode(part) for part in parts]
    at = len(payload) - sum(map(len, encoded))
    for raw in encoded:
        yield base + at, base + at + len(raw)
        yield from fields(raw, base + at)
        at += len(raw)


def damages(row: str) -> Iterator[Damage]:
    raw = CHANGELOG[row]
    spans = list(fields(raw[HEADER:], HEADER)) or [(HEADER, len(raw))]
    step = max(1, len(spans) // 40)  # a large row has thousands of alike ones
    for begin, end in [*spans[:20], *spans[20::step]]:
        for at in {begin, end - 1}:
            yield Damage(row, f"byte {at} flipped", flipped(raw, at))
        yield Damage(row, f"cut off at {begin}", raw[:begin])
    for at in range(HEADER):
        yield Damage(row, f"byte {at} of the header flipped", flipped(raw, at))
    yield Damage(row, "emptied", b"")
    yield Damage(row, "longer", raw + b"\x00")
    yield Damage(row, "zeroed", bytes(len(raw)))


def flipped(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :]


def read(changed: dict[str, bytes]) -> Rows:
    rows = Rows()
    for name, raw in changed.items():
        rows.take(name, raw)
    return rows


@pytest.mark.parametrize("row", one_of_each_kind())
def test_no_damage_of_a_row_goes_unseen(row: str) -> None:
    kinds: list[Any] = [StoredUnit, StoredSegment, Manifest, Archive, int]
    name = row.partition("/")[2] or row
    for damage in damages(row):
        for kind in kinds:
            with pytest.raises(Damaged):
                unseal(kind, damage.raw, name)


HIT = sorted({*one_of_each_kind(), *sorted(CHANGELOG)[::4]} - {LINEAGE})


@pytest.mark.parametrize("row", HIT)
def test_a_damaged_row_is_rebuilt_from_the_source_or_declared(row: str) -> None:
    found = recover(FOLDING, read(CHANGELOG | {row: flipped(CHANGELOG[row], HEADER)}))
    assert fold(found.partition, ROWS).canonical() == STRAIGHT
    assert found.lost == []


@pytest.mark.parametrize("row", HIT)
def test_a_damaged_row_is_declared_lost_where_the_source_has_gone(row: str) -> None:
    changed = CHANGELOG | {row: flipped(CHANGELOG[row], HEADER)}
    found = recover(FOLDING, read(changed), beginning=TRIMMED)
    partition = fold(found.partition, ROWS)
    wrong = {
        name
        for name in STRAIGHT.keys() | partition.canonical().keys()
        if STRAIGHT.get(name) != partition.canonical().get(name)
    }
    for name in wrong - {"watermark"}:
        assert partition.losses.units + partition.losses.records
        assert found.lost
        assert name == str(LIFETIME) or is_declared(partition, Pane.parse(name)), name


def is_declared(partition: Partition, pane: Pane) -> bool:
    end = FOLDING.calendar.end(pane)
    return any(loss.touches(pane, end) for loss in partition.losses.known)


def resealed(row: str, change: Callable[[Any], None]) -> dict[str, bytes]:
    """The changelog with a row that says something else, under a checksum that is right."""
    contents = msgspec.msgpack.decode(CHANGELOG[row][HEADER:])
    change(contents)
    return CHANGELOG | {row: seal(contents, row.partition("/")[2])}


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """Another value at a place in a row."""

    def change(contents: Any) -> None:
        for key in path[:-1]:
            contents = contents[key]
        contents[path[-1]] = value

    return change


def the_first(kind: str) -> str:
    return min(name for name in CHANGELOG if name.startswith(f"2/{kind}"))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("hour", put(6, 0, 1, 0, 1, value=b"no sketch and no number")),
        ("hour", put(6, 0, 1, 0, 0, value=["a label", "and another"])),
        ("ids", put(5, value=bytes(8))),
        ("ids", put(5, value=bytes(3))),
        ("archive", put(2, "decade/0", value=[1, [0, 0, 0, 0]])),
        ("manifest", put(4, "decade/0", value=[1, [0, 0, 0, 0]])),
    ],
)
def test_a_row_that_says_what_cannot_be_is_as_good_as_damaged(
    kind: str, change: Callable[[Any], None]
) -> None:
    found = recover(FOLDING, read(resealed(the_first(kind), change)))
    assert fold(found.partition, ROWS).canonical() == STRAIGHT
    assert found.lost == []


@pytest.mark.parametrize("row", one_of_each_kind())
def test_a_row_of_a_later_version_is_refused(row: str) -> None:
    with pytest.raises(UnknownVersion):
        read(CHANGELOG | {row: of_version(CHANGELOG[row], 9, row.partition("/")[2] or row)})


def test_a_damaged_lineage_is_refused() -> None:
    with pytest.raises(LostLineage):
        recover(FOLDING, read(CHANGELOG | {LINEAGE: flipped(CHANGELOG[LINEAGE], HEADER)}))
