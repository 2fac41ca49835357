"""Which ids are remembered: those of the last 10 minutes of watermark, or the last so many."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

MINUTES = 10
SEGMENT = 16_384


class Segment(NamedTuple):
    """Ids of whole blocks, read while the watermark stood in one minute; None before the first."""

    minute: int | None
    ids: list[str]


class Ids:
    """Of one partition; what is forgotten is so by whole segments, where a block begins."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._segments = deque([Segment(None, [])])
        self._latest: dict[str, Segment] = {}
        """Every copy counts as the last one."""

    def enter(self, minute: int | None) -> None:
        """Begin a block at that minute of watermark."""
        last = self._segments[-1]
        if last.minute != minute or len(last.ids) >= SEGMENT:
            self._segments.append(Segment(minute, []))
        held = sum(len(segment.ids) for segment in self._segments)
        while len(self._segments) > 1 and (
            self._is_over(minute) or held - len(self._segments[0].ids) >= self._most
        ):
            gone = self._segments.popleft()
            held -= len(gone.ids)
            for message_id in gone.ids:
                if self._latest.get(message_id) is gone:
                    del self._latest[message_id]

    def _is_over(self, minute: int | None) -> bool:
        """Whether the first segment is too old; what came before a watermark is as old as that."""
        first = next((one.minute for one in self._segments if one.minute is not None), None)
        return first is not None and minute is not None and first < minute - MINUTES

    def is_known(self, message_id: str) -> bool:
        """Whether an id is remembered; it is from now on."""
        known = message_id in self._latest
        self._latest[message_id] = self._segments[-1]
        self._segments[-1].ids.append(message_id)
        return known
