"""The offsets from which units of a partition are folded on, where batches are cut."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from streams.outcomes import Record


class Guards:
    """Guards ahead of an offset; once all are passed, nothing is cut any more."""

    def __init__(self, guards: Iterable[int], offset: int) -> None:
        self._ahead = sorted(guard for guard in guards if guard > offset)

    def cut(self, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """Parts of a batch such that each unit takes all of a part or nothing."""
        if not records:
            return
        if not self._ahead or records[0].offset >= self._ahead[-1]:
            self._ahead = []
            yield records
            return
        cuts = [
            i
            for i, (a, b) in enumerate(pairwise(records), 1)
            if any(a.offset < guard <= b.offset for guard in self._ahead)
        ]
        for start, end in pairwise([0, *cuts, len(records)]):
            yield records[start:end]
