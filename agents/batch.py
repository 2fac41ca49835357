"""What the transport hands to the agent: one event per fetched chunk of a partition."""

from typing import Any, NamedTuple

import faust


class Batch(NamedTuple):
    """Records of one partition, in offset order; there may be none between `position` and `end`."""

    epoch: int
    """The assignment they were read under; those of an earlier one are void."""
    position: int
    """Offset at which they take over from the batch before."""
    records: list[Any]
    end: int
    """Offset at which the next batch takes over: behind control records and compacted ones."""
    held_from: int
    """First offset from `position` on that the source still holds; between them is loss."""

    def __repr__(self) -> str:
        """Without the records: Faust logs what stands before a crash."""
        return f"<Batch: {len(self.records)} records, offsets {self.position} to {self.end}>"


class BatchSchema(faust.Schema):
    """Passes a batch through Faust untouched: decoding is the fold's own work."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        """No key: a batch has many."""

    def loads_value(self, app: Any, message: Any, **_: Any) -> Batch:  # noqa: ARG002 - Faust's signature
        """The batch itself."""
        return message.value  # type: ignore[no-any-return]
