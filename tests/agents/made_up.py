"""Made-up records and a made-up aiokafka for the tests of the agents; all of ours is real."""

from __future__ import annotations

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest

from agents.batch import Batch
from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.folded import Outgoing
from agents.ownership import Holding, Ownership
from agents.settings import WorkerSettings
from streams.partition import Partition
from streams.recovery import recover
from tidegauge.assembly import worker_settings
from tidegauge.settings import Settings

SETTINGS = worker_settings(Settings())
GENERATION = "0123456789abcdef"
PAGE = b'{"type": "page", "messageId": "%d", "userId": "u", "timestamp": "2026-01-01T00:00:00Z"}'
JUNK = b"junk"
TIME = 1_767_225_600_000


class Ended(Exception):
    """What stands in for the end of the process; carries its exit code."""


@pytest.fixture
def no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `fail_stop` raise Ended instead of ending the process of the tests."""

    def end(code: int) -> NoReturn:
        raise Ended(code)

    monkeypatch.setattr("os._exit", end)


class StubProducer:
    """Stands in for aiokafka's: takes records, and acknowledges them when it is told to."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.at_once = at_once
        self.sent: list[tuple[str, bytes | None]] = []
        """Key and value of each record."""
        self.waiting: list[asyncio.Future[None]] = []

    async def send(
        self, topic: str, value: bytes | None, *, key: bytes = b"", **_: Any
    ) -> asyncio.Future[None]:
        del topic
        self.sent.append((key.decode(), value))
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(answer)
        if self.at_once:
            self.acknowledge()
        return answer

    def acknowledge(self) -> None:
        """Acknowledge all there is."""
        for answer in self.waiting:
            answer.set_result(None)
        self.waiting = []


def app_of(producer: Any) -> Any:
    """As much of an app as writing takes."""
    return SimpleNamespace(producer=SimpleNamespace(_producer=producer))


def table() -> Any:
    return SimpleNamespace(data=SimpleNamespace(data={}))


def records(first: int, count: int, value: bytes = PAGE) -> list[Any]:
    return [
        SimpleNamespace(
            offset=offset,
            value=value.replace(b"%d", b"%d" % offset),
            timestamp=TIME,
        )
        for offset in range(first, first + count)
    ]


def batch(
    ownership: Ownership[Partition],
    first: int,
    count: int,
    *,
    value: bytes = PAGE,
    position: int | None = None,
    end: int | None = None,
    held_from: int | None = None,
) -> Batch:
    """A batch of this epoch; without more, one that follows on what was read."""
    start = first if position is None else position
    return Batch(
        ownership.epoch,
        start,
        records(first, count, value),
        first + count if end is None else end,
        start if held_from is None else held_from,
    )


def owner(
    *numbers: int,
    producer: Any = None,
    settings: WorkerSettings = SETTINGS,
    outgoing: Outgoing | None = None,
) -> Ownership[Partition]:
    """Owns partitions that begin at 0, with a table and no Kafka behind it."""
    app = app_of(producer or StubProducer())
    ownership = Ownership(
        partial(recover, settings.folding),
        GENERATION,
        Changelog(app, table(), settings),
        DeadLetterOffice(app, settings),
        outgoing,
    )
    ownership.adopt({number: Holding(new_partition()) for number in numbers})
    return ownership


def new_partition(offset: int = 0) -> Partition:
    return Partition(SETTINGS.folding, generation=GENERATION, offset=offset)


async def until_idle() -> None:
    """Let everything run that can."""
    for _ in range(20):
        await asyncio.sleep(0)
