"""The epoch: what was read under another assignment is void; and the names of table rows."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agents.batch import Batch
from agents.changelog import Changelog, key_of, name_of
from agents.dead_letters import DeadLetterOffice
from agents.ownership import Ownership
from agents.settings import Refusal
from streams.partition import Partition
from tidegauge.assembly import worker_settings
from tidegauge.settings import Settings

SETTINGS = worker_settings(Settings())
PAGE = b'{"type": "page", "messageId": "%d", "userId": "u", "timestamp": "2026-01-01T00:00:00Z"}'


def records(first: int, count: int, value: bytes = PAGE) -> list[Any]:
    return [
        SimpleNamespace(
            offset=offset,
            value=value.replace(b"%d", b"%d" % offset),
            timestamp=1_767_225_600_000,
        )
        for offset in range(first, first + count)
    ]


def owner(*numbers: int) -> Ownership:
    """Owns partitions that begin at 0, with a table and no Kafka behind it."""
    table = SimpleNamespace(data=SimpleNamespace(data={}))
    app = SimpleNamespace(producer=None)
    ownership = Ownership(
        SETTINGS, "g", Changelog(app, table, SETTINGS), DeadLetterOffice(app, SETTINGS)
    )
    ownership.adopt({number: Partition(SETTINGS.folding) for number in numbers})
    return ownership


def fold(ownership: Ownership, batch: Batch) -> None:
    asyncio.run(ownership.fold(0, batch))


def test_a_batch_of_this_epoch_is_folded() -> None:
    ownership = owner(0, 1)
    fold(ownership, Batch(ownership.epoch, 0, records(0, 10)))
    assert ownership.partitions[0].offset == 10
    assert ownership.partitions[1].offset == 0


def test_a_batch_read_before_a_rebalance_is_void_even_when_the_partition_came_back() -> None:
    ownership = owner(0)
    before = Batch(ownership.epoch, 0, records(0, 10))
    ownership.drop()
    fold(ownership, before)
    assert ownership.partitions == {}
    ownership.adopt({0: Partition(SETTINGS.folding)})
    fold(ownership, before)
    assert ownership.partitions[0].offset == 0


def test_every_drop_and_every_adoption_is_another_epoch() -> None:
    ownership = owner(0)
    seen = [ownership.epoch]
    for change in (ownership.drop, lambda: ownership.adopt({}), ownership.drop):
        change()
        seen.append(ownership.epoch)
    assert len(set(seen)) == len(seen)


def test_a_batch_beyond_the_state_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    def end(code: int) -> None:
        ended.append(code)
        raise SystemExit(code)

    monkeypatch.setattr("os._exit", end)
    ownership = owner(0)
    with pytest.raises(SystemExit):
        fold(ownership, Batch(ownership.epoch, 5, records(5, 10)))
    assert ended == [70]
    assert ownership.partitions[0].offset == 0


def test_too_much_junk_is_refused_before_a_letter_is_sent() -> None:
    ownership = owner(0)
    with pytest.raises(Refusal):
        fold(ownership, Batch(ownership.epoch, 0, records(0, 1_000, b"junk")))


def test_nothing_is_written_when_nothing_was_folded() -> None:
    assert asyncio.run(owner(0, 1).checkpoint()) == {}


@pytest.mark.parametrize("name", ["manifest", "hour/1790000000000", "ids/17", "lifetime/0"])
def test_a_table_row_is_named_by_its_partition_and_its_unit(name: str) -> None:
    assert key_of(3, name) == f"3/{name}".encode()
    assert name_of(key_of(3, name)) == name
