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
from agents.writing import hand_over
from streams.dead_letter_run import DeadLetterRun
from streams.folding import DeadLetter

LETTER_BYTES = 900_000
"""What is larger is cut: every broker takes a letter of this size, and none may stop the worker."""


class DeadLetterLimit:
    """Decides how much bad input is too much for one partition.

    The counts are part of the partition's state: starting again does not drain a topic bit by bit.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._accepted = settings.accept_dead_letters

    def judge(self, run: DeadLetterRun, dead: Sequence[DeadLetter]) -> None:
        """Look at the counts after records with these letters; raises Refusal."""
        longest, run.longest = run.longest, 0
        too_long = longest >= self._settings.max_dead_letters_in_a_row
        if not dead or not (too_long or run.ratio() > self._settings.max_dead_letter_ratio):
            return
        covered = max(longest, len(dead))
        if covered <= self._accepted:
            self._accepted -= covered
            run.forget()
            return
        raise Refusal(
            f"too many records cannot be read: {run.dead} of the last {run.read}, "
            f"{longest} in a row; the last one, at offset {dead[-1].offset}, because "
            f"{dead[-1].rejected.detail}. Look at the producer first; if these records are known "
            "to be bad, start once with --accept-dead-letters N"
        )


class DeadLetterOffice:
    """Sends dead letters and knows which are not acknowledged yet."""

    def __init__(self, app: Any, settings: WorkerSettings) -> None:
        self._app, self._settings = app, settings
        self._limits: dict[int, DeadLetterLimit] = {}
        self._pending: list[asyncio.Future[Any]] = []
        self._handing_over = asyncio.Lock()
        self.sent = 0

    def judge(self, partition: int, run: DeadLetterRun, dead: Sequence[DeadLetter]) -> None:
        """Judge a batch before its letters are sent; raises Refusal."""
        self._limits.setdefault(partition, DeadLetterLimit(self._settings)).judge(run, dead)

    async def send(self, partition: int, dead: Sequence[DeadLetter]) -> None:
        """Hand letters to the producer; waits only while its buffer is full."""
        async with self._handing_over:
            for letter in dead:
                self._pending.append(await self._send(partition, letter))
                self.sent += 1

    async def _send(self, partition: int, letter: DeadLetter) -> asyncio.Future[Any]:
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
        return await hand_over(
            self._app,
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
