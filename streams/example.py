"""Works an example of the catalogue out: folds its events and reads the series they give.

The events are written in the wire format that is set, so that an example holds for every format.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from streams.catalogue import Example, Given
from streams.folding import Folding
from streams.outcomes import Record
from streams.panes import SECOND
from streams.partition import Partition
from streams.persons.facts import Message, Section, StoredFacts
from streams.persons.progress import progress_of
from streams.persons.shard import Shard
from streams.published import Progress, Published
from streams.reading import Reading
from streams.series import Series
from streams.written import Written


class _Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes


def found(folding: Folding, example: Example) -> dict[str, float]:
    """What the fold and the reading make of an example: every series and its value."""
    rows = list(_rows(folding, example.events))
    return series_of(folding, rows, _milliseconds(folding, example.at))


def series_of(folding: Folding, rows: Sequence[Record], instant: int) -> dict[str, float]:
    """What they make of the records of a partition that is all there is."""
    partition = Partition(folding)
    partition.fold(rows)
    progress = Progress.of(
        partition,
        0,
        end_offset=partition.offset,
        caught_up_at=instant,
        published_at=instant,
        checkpoint_at=0,
    )
    shard = _shard(folding, partition, instant)
    told = progress_of(shard, 0, end_offset=1, published_at=instant, checkpoint_at=0) or progress
    shards = [Published(told, shard.units())]
    reading = Reading.of(
        folding, [Published(progress, partition.units.held)], instant, shards=shards
    )
    return {series_name(series): series.value for series in reading.series}


def _shard(folding: Folding, partition: Partition, instant: int) -> Shard:
    """The persons of all events, in one shard."""
    shard, told = Shard(folding.calendar), partition.outbox.take(partition.offset, instant)
    section = Section(
        0,
        told.begin,
        told.end,
        told.watermark,
        facts=[StoredFacts.of(facts) for facts in told.facts],
        caught_up_at=instant,
        told_at=instant,
    )
    shard.fold([_Row(0, instant, Message("", 0, 1, [section]).encode())])
    return shard


def mistakes(folding: Folding, example: Example) -> list[str]:
    """In words, where an example is wrong; empty when it holds."""
    told = found(folding, example)
    return [
        f"{name} is {told.get(name, 'absent')}, not {value}"
        for name, value in example.gives.items()
        if told.get(name) is None or abs(told[name] - value) > 1e-9 * max(1.0, abs(value))
    ]


def series_name(series: Series) -> str:
    """A series as it is exported, without the prefix: `windowed_page_views{page="Home",...}`."""
    told = ",".join(f'{label}="{value}"' for label, value in series.exported_labels.items())
    return series.name + (f"{{{told}}}" if told else "")


def _rows(folding: Folding, events: Sequence[Given]) -> Iterator[_Row]:
    for offset, event in enumerate(events):
        time = _milliseconds(folding, event.at)
        yield _Row(offset, time, json.dumps(_record(folding, event, str(offset))).encode())


def _record(folding: Folding, event: Given, number: str) -> dict[str, Any]:
    wire, paths = folding.wire, folding.catalogue.paths()
    path_of = wire.trait_path if event.kind == "identify" else wire.property_path
    values = {
        name if name in paths else path_of(name): value for name, value in event.properties.items()
    }
    at = event.at.replace(tzinfo=folding.calendar.zone).isoformat()
    return Written(number, event.person, at, event.kind, event.name, values).record(wire)


def _milliseconds(folding: Folding, at: datetime) -> int:
    return round(at.replace(tzinfo=folding.calendar.zone).timestamp() * SECOND)
