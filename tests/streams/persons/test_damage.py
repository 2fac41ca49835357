"""What of the facts, or of what a shard has stored, is not what was written."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from streams.checkpoint import digest_of
from streams.panes import Calendar
from streams.persons.facts import Message, Section, StoredFacts
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.recovery import LostLineage
from streams.rows import LINEAGE, Rows, row_name, switch_to
from streams.unit import HEADER_BYTES, UnknownVersion, seal
from tests.simulation.source import Row
from tests.streams.made_up import of_version
from tests.streams.persons.by_hand import Said
from tests.streams.persons.test_shard import STATE, row, section

CALENDAR = Calendar(ZoneInfo("UTC"))
ADA, BOB, CY = (Said(person, "active", "", 0) for person in (1, 2, 3))


def test_a_message_that_is_damaged_is_lost_once_nobody_tells_it_again() -> None:
    shard = Shard(CALENDAR, STATE)
    shard.fold([row(0, section(0, 10, [ADA])), Row(1, 0, b"no message")])
    assert (shard.offset, shard.unread, shard.losses.units) == (2, 1, 0)
    shard.fold([row(2, section(20, 30, [BOB], safe=10))])  # its sender may end, and tell it again
    assert (shard.people.population.size, shard.losses.units) == (1, 0)
    shard.fold([row(3, section(30, 40, [CY], safe=30))])
    assert (shard.people.population.size, shard.losses.units) == (2, 1)
    assert [loss.what for loss in shard.losses.known] == ["facts"]


def test_only_what_was_acknowledged_is_given_up() -> None:
    shard = Shard(CALENDAR, STATE)
    shard.fold([row(0, section(0, 10, [ADA])), row(1, section(20, 30, [CY], safe=15))])
    assert (shard.people.population.size, shard.losses.units) == (1, 1)
    shard.fold([row(2, section(15, 30, [BOB, CY], safe=15))])  # by whoever goes on from there
    assert (shard.people.population.size, shard.losses.units) == (3, 1)


def test_a_message_that_is_damaged_is_no_loss_when_it_is_told_again() -> None:
    shard = Shard(CALENDAR, STATE)
    shard.fold([row(0, section(0, 10, [ADA])), Row(1, 0, b""), Row(2, 0, None)])
    shard.fold([row(3, section(10, 40, [BOB, CY], safe=10))])
    assert (shard.people.population.size, shard.losses.units) == (3, 0)


def test_a_message_of_another_version_is_not_passed_over() -> None:
    shard = Shard(CALENDAR, STATE)
    raw = of_version(Message(STATE, 0, 1, [section(0, 10, [ADA])]).encode(), 99, "facts")
    with pytest.raises(UnknownVersion):
        shard.fold([Row(0, 0, raw)])
    assert shard.offset == 0


def test_a_shard_does_not_guess_which_history_of_it_counts() -> None:
    rows, raw = Rows(), switch_to(2)
    rows.take(LINEAGE, raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(LostLineage):
        recover(CALENDAR, rows, 0, STATE)


@pytest.mark.parametrize(
    "facts",
    [
        StoredFacts("active", "", bytes(8), b""),
        StoredFacts("active", "", bytes(3), bytes(3)),
        StoredFacts("active", "", bytes(8), (1 << 61).to_bytes(8, "little")),
    ],
    ids=["another number of times", "half a number", "a time that never comes"],
)
def test_of_a_message_whose_facts_cannot_be_read_nothing_is_heard(facts: StoredFacts) -> None:
    shard = Shard(CALENDAR, STATE)
    told = Section(0, 0, 10, 0, facts=[*section(0, 10, [ADA]).facts, facts])
    shard.fold([row(0, told)])
    assert (shard.unread, shard.heard, shard.people.population.size) == (1, {}, 0)


def test_facts_of_a_name_that_is_not_known_are_not_passed_over() -> None:
    shard = Shard(CALENDAR, STATE)
    with pytest.raises(UnknownVersion):
        shard.fold([row(0, Section(0, 0, 10, 0, facts=[StoredFacts("new", "", b"", b"")]))])
    assert (shard.offset, shard.heard) == (0, {})


def stored(shard: Shard, change: Callable[[str, list[Any]], None]) -> dict[str, bytes]:
    """A snapshot of which every row says something else, under checksums and digests that fit."""
    found, digests = dict[str, bytes](), dict[str, list[int]]()
    for name, raw in (one for stage in rows_of(shard) for one in stage):
        contents = msgspec.msgpack.decode((raw or b"")[HEADER_BYTES:])
        kind = name.split("/")[2]
        change(kind, contents)
        if kind == "head":
            contents[3] = digests
        found[name] = seal(contents, name)
        digests.setdefault(kind, []).append(digest_of(found[name]))
    return found


def put(kind: str, at: int, value: Any) -> Callable[[str, list[Any]], None]:
    """Another value at a place in the rows of a kind."""

    def change(found: str, contents: list[Any]) -> None:
        if found == kind:
            contents[at] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("marks", 2, "unknown"),
        put("marks", 4, bytes(2)),
        put("marks", 5, bytes(5)),
        put("entries", 2, "unknown"),
        put("entries", 3, bytes(8)),
        put("entries", 5, b"\xff\x7f"),
        put("sessions", 2, bytes(8)),
        put("sessions", 4, bytes(8)),
        put("sheets", 2, [["decade/0", []]]),
        put("head", 12, {}),
    ],
)
def test_a_snapshot_that_says_what_cannot_be_is_not_whole(
    change: Callable[[str, list[Any]], None],
) -> None:
    shard, rows = Shard(CALENDAR, STATE), Rows()
    answer = Said(2, "nps", "9", 0)
    messages = [row(0, section(0, 10, [ADA, answer])), row(1, section(10, 20, [BOB]))]
    shard.fold(messages[:1])
    older = stored(shard, lambda *_: None)
    shard.fold(messages[1:])
    for name, raw in (older | stored(shard, change)).items():
        rows.take(row_name(0, name), raw)
    found = recover(CALENDAR, rows, 0, STATE).partition
    assert found.offset == 1
    found.fold(messages)
    assert rows_of(found) == rows_of(shard)
