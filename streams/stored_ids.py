"""Which segments of ids are in the changelog, and with how many ids."""

from collections.abc import Iterable, Mapping

from streams.checkpoint import IDS, Row, StoredSegment
from streams.duplicates import Segment
from streams.unit import seal


class StoredIds:
    """First offset of each segment that is stored -> the number of its ids."""

    def __init__(self, generation: str, durable: Mapping[int, int]) -> None:
        self._generation, self._durable = generation, dict(durable)

    def take_changed(self, segments: Iterable[Segment]) -> list[Row]:
        """Rows of the segments whose stored form is not what they hold now."""
        counts = self._durable
        changed = [s for s in segments if s.ids and counts.get(s.first_offset) != len(s.ids)]
        counts |= {s.first_offset: len(s.ids) for s in changed}
        stored = {f"{IDS}{s.first_offset}": StoredSegment.of(s, self._generation) for s in changed}
        return [(name, seal(segment, name)) for name, segment in stored.items()]

    def take_gone(self, segments: Iterable[Segment]) -> list[str]:
        """Names of the rows of segments that are held no longer."""
        gone = sorted(self._durable.keys() - {s.first_offset for s in segments})
        for first in gone:
            del self._durable[first]
        return [f"{IDS}{first}" for first in gone]
