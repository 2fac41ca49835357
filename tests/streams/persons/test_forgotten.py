"""The event that says whom to forget: by a hash, under the key that workers have."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from streams.catalogue_file import load
from streams.folding import Folding, hash_person
from streams.panes import LIFETIME, Calendar
from streams.partition import Partition
from streams.persons.forgotten import EVENT, TELLER
from streams.wire import CLOUDEVENTS, SEGMENT, WireFormat
from tests.streams.made_up import KEY, Row, a_folding, body, fold, moment
from tidegauge.forget import records_of

NOON = moment("2026-06-01T12:00Z")
CUSTOM = WireFormat(message_id="id", user="who", time="at", name="what")


def folding_of(wire: WireFormat, key: bytes = KEY) -> Folding:
    calendar = Calendar(a_folding().calendar.zone)
    return Folding(load(wire), wire, calendar, hash_key=key, is_bot=lambda _: False)


def partition_of(folding: Folding, *values: bytes) -> Partition:
    return fold(Partition(folding), [Row(n, NOON, value) for n, value in enumerate(values)])


def told(partition: Partition) -> dict[str, list[int]]:
    """Of whom which fact is told."""
    facts = partition.outbox.take(partition.offset, NOON).facts
    return {fact.name: fact.persons.tolist() for fact in facts}


@pytest.mark.parametrize("wire", [SEGMENT, CLOUDEVENTS, CUSTOM])
def test_what_the_command_writes_tells_the_hash_of_each_and_no_id(wire: WireFormat) -> None:
    folding, ids = folding_of(wire), ["ada@example.com", "anon-7", "7"]
    records = [value for _, value in records_of(ids, folding, NOON)]
    assert not any(one.encode() in value for value in records for one in ids[:2])
    partition = partition_of(folding, *records)
    assert told(partition) == {"forgotten": [hash_person(one, KEY) for one in ids]}


def test_such_an_event_counts_in_no_metric_and_makes_nobody_active() -> None:
    folding = a_folding()
    ((_, record),) = records_of(["ada"], folding, NOON)
    state = partition_of(folding, record).units.held[LIFETIME].state
    assert state == {"outcomes": {("accepted",): 1}}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"forgotten_person": f"{'0' * 16}.{'0' * 16}"}, "other_key"),
        ({"forgotten_person": "ada"}, "no_person"),
        ({"forgotten_person": 7}, "no_person"),
        ({}, "no_person"),
        (None, "no_person"),
    ],
)
def test_an_event_that_means_nobody_is_accounted_for(
    said: Mapping[str, Any] | None, reason: str
) -> None:
    partition = partition_of(a_folding(), body(EVENT, time=NOON, properties=said))
    assert told(partition) == {}
    assert partition.units.held[LIFETIME].state["skipped"] == {("forgotten", reason): 1}


def test_what_is_told_under_another_key_means_nobody() -> None:
    ((_, record),) = records_of(["ada"], folding_of(SEGMENT, b"another"), NOON)
    partition = partition_of(a_folding(), record)
    assert told(partition) == {}


def test_who_tells_of_it_is_not_forgotten_by_it() -> None:
    ((_, record),) = records_of(["ada"], a_folding(), NOON)
    assert json.loads(record)["userId"] == TELLER
    assert told(partition_of(a_folding(), record)) == {"forgotten": [hash_person("ada", KEY)]}
