"""Works an example of the catalogue out: folds its events and reads the series they give.

The events are written in the wire format that is set, so that an example holds for every format.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from streams.catalogue import Example, Given
from streams.folding import Folding
from streams.panes import SECOND
from streams.partition import Partition
from streams.published import Progress, Published
from streams.reading import Reading, Series


class _Row(NamedTuple):
    """A Kafka record."""

    offset: int
    timestamp: int
    value: bytes


def found(folding: Folding, example: Example) -> dict[str, float]:
    """What the fold and the reading make of an example: every series and its value."""
    partition = Partition(folding)
    partition.fold(list(_rows(folding, example.events)))
    instant = _milliseconds(folding, example.at)
    progress = Progress.of(
        partition,
        0,
        end_offset=partition.offset,
        caught_up_at=instant,
        published_at=instant,
        checkpoint_at=0,
    )
    reading = Reading.of(folding, [Published(progress, partition.units.held)], instant)
    return {series_name(series): series.value for series in reading.series}


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
    at = event.at.replace(tzinfo=folding.calendar.zone).isoformat()
    facts: dict[str, Any] = {wire.message_id: number, wire.user: event.person, wire.time: at}
    if wire.kind:
        facts[wire.kind] = event.kind
    if wire.name and event.name:
        facts[wire.name] = event.name
    for name, value in event.properties.items():
        facts[name if name in paths else wire.property_path(name)] = value
    record: dict[str, Any] = {}
    for path, fact in facts.items():
        *parents, leaf = path.split(".")
        place = record
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = fact
    return record


def _milliseconds(folding: Folding, at: datetime) -> int:
    return round(at.replace(tzinfo=folding.calendar.zone).timestamp() * SECOND)
