"""Rows of a changelog that say from which manifest their writer went on.

Nothing else tells a worker that does what it must not from one that was left behind, and may write
what was right a while ago.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

import pytest

from agents import changelog
from agents.changelog import KeptRow
from agents.ownership import Ownership
from agents.writing import hand_over

SINCE = "since"
"""Header with the offset of that manifest."""


def stamp_rows(patch: pytest.MonkeyPatch) -> None:
    """Let whatever a worker writes to a changelog carry the header."""
    write = Ownership._write
    written: ContextVar[Mapping[int, int]] = ContextVar("written")

    async def write_stamped(self: Ownership[Any], stages: list[Iterator[list[KeptRow]]]) -> None:
        # Of the partitions whose snapshots these are: nothing was awaited since they were taken.
        written.set({number: part.manifest_offset for number, part in self.partitions.items()})
        await write(self, stages)

    async def hand_over_stamped(app: Any, topic: str, value: bytes | None, **more: Any) -> Any:
        headers = [(SINCE, b"%d" % written.get()[more["partition"]])]
        return await hand_over(app, topic, value, headers=headers, **more)

    patch.setattr(Ownership, "_write", write_stamped)
    patch.setattr(changelog, "hand_over", hand_over_stamped)


def since(headers: list[tuple[str, bytes]] | None) -> int | None:
    """What the header of a row says; None of a row that no worker wrote."""
    told = dict(headers or ())
    return int(told[SINCE]) if SINCE in told else None
