"""Merging from one snapshot to the next: what did not change is not merged over partitions again.

That never changes what is said. It takes less memory than what is merged, of which it keeps what
only one partition has.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from streams.folding import Folding
from streams.merging import Merged
from streams.panes import Pane
from streams.published import Published, are_same
from streams.routing import Labels

States: TypeAlias = Mapping[Labels, Any]


class Remembered(Merged):
    """Merges a snapshot whose units are never changed; `before` is that of the last one."""

    def __init__(
        self,
        folding: Folding,
        partitions: Sequence[Published],
        before: "Remembered | None" = None,
    ) -> None:
        super().__init__(folding, partitions)
        self.told: dict[tuple[str, Pane], tuple[list[States], States]] = {}
        """What was merged of a metric in a pane, and what it came to."""
        self._before = {} if before is None else before.told

    def _held(self, fold_id: str, pane: Pane) -> Iterator[States]:
        """What all partitions together hold of a metric in a pane."""
        held = list(super()._held(fold_id, pane))
        known = self._before.get((fold_id, pane))
        if known is None or not are_same(known[0], held):
            known = held, self._together(fold_id, held)
        self.told[fold_id, pane] = known
        yield known[1]

    def _together(self, fold_id: str, held: Sequence[States]) -> States:
        if len(held) == 1:
            return held[0]
        states: dict[Labels, list[Any]] = defaultdict(list)
        for one in held:
            for labels, state in one.items():
                states[labels].append(state)
        merge = self._folding.aggregates[fold_id].merge
        return {
            labels: found[0] if len(found) == 1 else merge(found)
            for labels, found in states.items()
        }
