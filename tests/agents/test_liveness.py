"""A worker that gets nothing done ends; one that is only slow, or idle, does not."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from agents.app import create_app
from agents.changelog import Changelog
from agents.dead_letters import DeadLetterOffice
from agents.liveness import STUCK_SECONDS, Liveness, keep_watch
from agents.ownership import Holding, Ownership
from agents.recovering import Advance
from agents.writing import WRITE_DEADLINE_SECONDS
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from tests.agents.made_up import (
    GENERATION,
    SETTINGS,
    Ended,
    StubProducer,
    app_of,
    batch,
    no_exit,
    owner,
    table,
    until_idle,
)

__all__ = ["no_exit"]

pytestmark = pytest.mark.usefixtures("no_exit")


class Watch:
    """Looks at a worker when it is told what the time is."""

    def __init__(self, ownership: Ownership[Any], *, assigned: bool = True) -> None:
        self.now = 0.0
        self._liveness = Liveness(ownership, lambda: assigned, lambda: self.now)
        self._liveness.look()

    def after(self, seconds: float) -> None:
        """Look every ten seconds for so long."""
        until = self.now + seconds
        while self.now < until:
            self.now += 10
            self._liveness.look()


def fold(ownership: Ownership[Any], first: int, count: int) -> None:
    asyncio.run(ownership.fold(0, batch(ownership, first, count)))


def checkpoint(ownership: Ownership[Any]) -> None:
    asyncio.run(ownership.checkpoint())


def test_two_deadlines_without_a_checkpoint_of_what_was_folded_end_the_process() -> None:
    ownership = owner(0, 1)
    watch = Watch(ownership)
    fold(ownership, 0, 10)
    watch.after(10)
    fold(ownership, 10, 10)  # that more is folded helps nothing
    watch.after(2 * WRITE_DEADLINE_SECONDS)
    with pytest.raises(Ended, match="70"):
        watch.after(10)


def test_an_idle_worker_lives_for_ever() -> None:
    ownership = owner(0, 1)
    fold(ownership, 0, 10)
    checkpoint(ownership)
    Watch(ownership).after(100 * STUCK_SECONDS)


def test_a_worker_that_writes_checkpoints_late_but_does_lives() -> None:
    ownership = owner(0)
    watch = Watch(ownership)
    for first in range(0, 1_000, 10):
        fold(ownership, first, 10)
        watch.after(STUCK_SECONDS)
        checkpoint(ownership)


def keeper(number: int) -> Ownership[Shard]:
    """Keeps a shard of persons, of which a snapshot is written now and then only."""
    calendar, app = SETTINGS.folding.calendar, app_of(StubProducer())
    changelog = Changelog(app, table(), SETTINGS.of_persons())
    ownership = Ownership(
        partial(recover, calendar), GENERATION, changelog, DeadLetterOffice(app, SETTINGS)
    )
    ownership.adopt({number: Holding(Shard(calendar, GENERATION))})
    return ownership


def test_a_shard_that_needs_no_snapshot_yet_lives() -> None:
    ownership = keeper(0)
    watch = Watch(ownership)
    for first in range(0, 100, 10):
        fold(ownership, first, 10)
        watch.after(STUCK_SECONDS)
        checkpoint(ownership)
    assert ownership.checkpoints == 0


def test_a_shard_that_nobody_asks_for_a_snapshot_ends_the_process() -> None:
    ownership = keeper(0)
    fold(ownership, 0, 10)
    watch = Watch(ownership)
    watch.after(STUCK_SECONDS)
    with pytest.raises(Ended, match="70"):
        watch.after(10)


def test_partitions_that_nobody_recovers_end_the_process() -> None:
    ownership = owner(0)
    ownership.drop()
    watch = Watch(ownership)
    watch.after(STUCK_SECONDS)
    with pytest.raises(Ended, match="70"):
        watch.after(10)


def test_a_worker_without_partitions_lives() -> None:
    ownership = owner(0)
    ownership.drop()
    Watch(ownership, assigned=False).after(100 * STUCK_SECONDS)


def test_a_long_recovery_is_left_to_its_own_watch() -> None:
    async def lasts(advance: Advance) -> None:
        advance.note()
        await asyncio.Event().wait()

    async def main() -> None:
        ownership = owner(0)
        ownership.drop()
        ownership.recovering.start(lasts)
        await asyncio.sleep(0)
        Watch(ownership).after(100 * STUCK_SECONDS)
        ownership.drop()
        await asyncio.sleep(0)

    asyncio.run(main())


def test_a_worker_that_has_not_started_is_watched_too() -> None:
    async def main() -> None:
        app = create_app(SETTINGS, 1, GENERATION)
        watch = asyncio.create_task(keep_watch(app))
        await until_idle()
        assert not watch.done()
        watch.cancel()
        app.consumer._thread.thread_loop.close()  # of a thread that never starts

    asyncio.run(main())
