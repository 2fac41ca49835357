"""The dead-letter topic: records that could not be read, where they stood, and a limit.

A letter carries the record's bytes and, as headers, the reason and the original topic, partition
and offset (and the number of `bytes` there were, when it was cut to fit). Letters are acknowledged
before a checkpoint passes them (at least once). Past a limit the worker stops: a broken deploy must
not drain a topic into its dead letters.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from agents.settings import Refusal, WorkerSettings
from streams.folding import DeadLetter

RATIO_OVER_RECORDS = 2_000
"""The ratio is judged over at least so many records."""
LETTER_BYTES = 900_000
"""What is larger is cut: every broker takes a letter of this size, and none may stop the worker."""


class DeadLetterLimit:
    """Decides how much bad input is too much for one partition."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._accepted = settings.accept_dead_letters
        self._in_a_row = self._dead = self._read = 0

    def observe(self, count: int, dead: Sequence[DeadLetter], last_offset: int) -> None:
        """Note `count` records up to `last_offset`; raises Refusal when too many were dead."""
        self._read += count
        self._dead += len(dead)
        whole = len(dead) == count and count > 0
        self._in_a_row = self._in_a_row + count if whole else _run_at_end(dead, last_offset)
        settings = self._settings
        too_many = self._read >= RATIO_OVER_RECORDS and (
            self._dead > self._read * settings.max_dead_letter_ratio
        )
        if self._read >= 2 * RATIO_OVER_RECORDS:
            self._read, self._dead = self._read // 2, self._dead // 2
        if not too_many and self._in_a_row < settings.max_dead_letters_in_a_row:
            return
        if not dead:
            return
        if self._accepted >= len(dead):
            self._accepted -= len(dead)
            self._read = self._dead = 0  # what was accepted is not held against what follows
            return
        raise Refusal(
            f"too many records cannot be read: {self._dead} of the last {self._read}, "
            f"{self._in_a_row} in a row; the last one, at offset {dead[-1].offset}, because "
            f"{dead[-1].rejected.detail}. Look at the producer first; if these records are known "
            "to be bad, start once with --accept-dead-letters N"
        )


def _run_at_end(dead: Sequence[DeadLetter], last_offset: int) -> int:
    run = 0
    for letter in reversed(dead):
        if letter.offset != last_offset - run:
            break
        run += 1
    return run


class DeadLetterOffice:
    """Sends dead letters and knows which are not acknowledged yet."""

    def __init__(self, app: Any, settings: WorkerSettings) -> None:
        self._app, self._settings = app, settings
        self._limits: dict[int, DeadLetterLimit] = {}
        self._pending: list[asyncio.Future[Any]] = []
        self._handing_over = asyncio.Lock()
        self.sent = 0

    def observe(
        self, partition: int, count: int, dead: Sequence[DeadLetter], last_offset: int
    ) -> None:
        """Judge a batch before its letters are sent; raises Refusal."""
        limit = self._limits.setdefault(partition, DeadLetterLimit(self._settings))
        limit.observe(count, dead, last_offset)

    async def send(self, partition: int, dead: Sequence[DeadLetter]) -> None:
        """Hand letters to the producer; waits only while its buffer is full."""
        async with self._handing_over:
            for letter in dead:
                self._pending.append(await self._send(partition, letter))
                self.sent += 1

    async def _send(self, partition: int, letter: DeadLetter) -> asyncio.Future[Any]:
        producer = self._app.producer._producer  # noqa: SLF001 - Faust's own buffer loses errors
        value = letter.value or b""
        headers = [
            ("reason", letter.rejected.reason.encode()),
            ("detail", letter.rejected.detail.encode("utf-8", "backslashreplace")[:1000]),
            ("topic", self._settings.topic.encode()),
            ("partition", b"%d" % partition),
            ("offset", b"%d" % letter.offset),
        ]
        if len(value) > LETTER_BYTES:
            headers.append(("bytes", b"%d" % len(value)))
        return await producer.send(  # type: ignore[no-any-return]
            self._settings.dead_letter_topic,
            value[:LETTER_BYTES],
            key=b"%s/%d/%d" % (self._settings.topic.encode(), partition, letter.offset),
            partition=partition,
            headers=headers,
        )

    async def acknowledged(self) -> None:
        """Wait until every letter `send` was called with is stored; raises the producer's error.

        Those that `send` is still handing over count too: their records are folded already.
        """
        async with self._handing_over:
            pending, self._pending = self._pending, []
        if pending:
            await asyncio.gather(*pending)
