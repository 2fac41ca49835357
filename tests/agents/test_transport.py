"""Reading goes on where it stopped: no record twice, no hole that was not read twice."""

from __future__ import annotations

import logging
from importlib.metadata import entry_points
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types.tuples import TP

from agents.batch import Batch
from agents.transport import Consumer, NoReadOffsets, Transport

EVENTS = TP("events", 0)


class Seeks(list[tuple[TP, int]]):
    """Stands in for Faust's thread: where it was told to go on reading."""

    def seek(self, partition: TP, offset: int) -> None:
        self.append((partition, offset))


def reader(expected: int | None = None, epoch: int = 5) -> Any:
    """A consumer without Kafka behind it; `expected` is where it recovered."""
    consumer: Any = Consumer.__new__(Consumer)
    consumer.app = SimpleNamespace(ownership=SimpleNamespace(epoch=epoch))
    consumer._expected = {} if expected is None else {EVENTS: expected}
    consumer._doubted = {}
    consumer._thread = Seeks()
    consumer.gap_records = 0
    return consumer


def chunk(*offsets: int) -> list[Any]:
    return [SimpleNamespace(offset=offset) for offset in offsets]


def offsets(batch: Batch | None) -> list[int] | None:
    return None if batch is None else [record.offset for record in batch.records]


def test_a_chunk_goes_on_where_the_last_one_ended() -> None:
    consumer = reader(10)
    first = consumer._continue(EVENTS, chunk(10, 11))
    second = consumer._continue(EVENTS, chunk(12, 13, 14))
    assert (first.epoch, first.position, offsets(first)) == (5, 10, [10, 11])
    assert (second.epoch, second.position, offsets(second)) == (5, 12, [12, 13, 14])


def test_what_was_read_before_is_cut_off() -> None:
    consumer = reader(12)
    batch = consumer._continue(EVENTS, chunk(10, 11, 12, 13))
    assert (batch.position, offsets(batch)) == (12, [12, 13])
    assert consumer._continue(EVENTS, chunk(11, 12, 13)) is None
    assert offsets(consumer._continue(EVENTS, chunk(13, 14))) == [14]
    assert consumer._thread == []


def test_nothing_is_taken_before_recovery() -> None:
    assert reader()._continue(EVENTS, chunk(0, 1)) is None


def test_a_hole_is_read_again_before_it_is_believed(caplog: pytest.LogCaptureFixture) -> None:
    consumer = reader(10)
    assert consumer._continue(EVENTS, chunk(20, 21)) is None
    assert consumer._thread == [(EVENTS, 10)]
    assert consumer.gap_records == 0
    with caplog.at_level(logging.ERROR):
        batch = consumer._continue(EVENTS, chunk(20, 21))
    assert (batch.position, offsets(batch)) == (10, [20, 21])
    assert consumer.gap_records == 10
    assert "offsets 10 to 20 are not in the source any more" in caplog.text


def test_a_hole_that_was_a_dropped_chunk_is_filled_by_the_second_reading() -> None:
    consumer = reader(10)
    assert consumer._continue(EVENTS, chunk(20, 21)) is None
    assert offsets(consumer._continue(EVENTS, chunk(*range(10, 20)))) == [*range(10, 20)]
    assert offsets(consumer._continue(EVENTS, chunk(20, 21))) == [20, 21]
    assert consumer.gap_records == 0


def test_chunks_on_their_way_during_the_seek_do_not_make_the_hole_believed() -> None:
    consumer = reader(10)
    assert consumer._continue(EVENTS, chunk(20, 21)) is None
    assert consumer._continue(EVENTS, chunk(22, 23)) is None
    assert offsets(consumer._continue(EVENTS, chunk(10, 11))) == [10, 11]
    assert consumer.gap_records == 0


def test_read_offsets_are_forgotten_so_that_faust_drops_nothing() -> None:
    read = NoReadOffsets()
    read[EVENTS] = 100
    assert read[EVENTS] is None
    assert not read


def test_faust_finds_the_transport_under_its_name() -> None:
    (entry,) = entry_points(group="faust.transports", name="tidegauge")
    assert entry.load() is Transport
