"""Where a snapshot stands in Redis, and the scripts that read and write it.

Everything begins with one prefix. Of each (state, partition) there is
`{prefix}:{state}:{partition}`, and of each shard of persons `{prefix}:{state}:persons-{shard}`:
a hash of a sealed unit per pane (field: the pane's name, which holds a slash) and the fields of
`HEAD`; and `{...}:changes`, a sorted set of the same panes by the sequence number of the
publication that last wrote them. `{prefix}:source` says what is published. Every key ends after
`KEPT_SECONDS` without a publication.
"""

from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

import msgspec

from streams.folding import Folding

DEFAULT_PREFIX = "tidegauge"
KEPT_SECONDS = 7 * 86_400
STAGING_SECONDS = 60
"""How long an unfinished publication is kept."""

HEAD = ("epoch", "sequence", "offset", "progress", "removed_at")
"""Fields of a partition's hash that are no panes; the scripts rely on there being five.

`epoch` names the whole publication everything else was added to, by one worker; `sequence` counts
the publications since; `removed_at` is the last sequence that took panes away.
"""


class Source(msgspec.Struct, frozen=True):
    """What is published: the record under `{prefix}:source`."""

    generation: str
    """Name of the state, see `state_name`."""
    topic: str
    partitions: int
    metrics: dict[str, str]
    """fold id -> name of every metric the workers count."""
    time_zone: str
    shards: int = 0
    """Of persons."""

    @classmethod
    def of(
        cls, folding: Folding, generation: str, topic: str, partitions: int, shards: int = 0
    ) -> "Source":
        """Describe what a worker with this folding publishes."""
        metrics = {fold_id: metric.name for fold_id, metric in folding.metrics.items()}
        return cls(generation, topic, partitions, metrics, folding.calendar.zone.key, shards)

    def parts(self) -> list["Part"]:
        """Everything that has to be there: the partitions by their numbers, and the shards."""
        return [*range(self.partitions), *map(shard_part, range(self.shards))]


Part = int | str
"""A partition of the source by its number, or a shard of persons (`shard_part`)."""


def shard_part(number: int) -> Part:
    """Name of a shard among the parts of a state."""
    return f"persons-{number}"


class PartitionKeys(NamedTuple):
    """Keys of one partition."""

    units: str
    changes: str

    def staging(self, token: str) -> str:
        """Where one attempt gathers what is too large for one call."""
        return f"{self.units}:staging:{token}"


@dataclass(frozen=True)
class Keys:
    """Every key under a prefix."""

    prefix: str = DEFAULT_PREFIX

    @property
    def source(self) -> str:
        """Key of the `Source` record."""
        return f"{self.prefix}:source"

    def partition(self, state: str, partition: Part) -> PartitionKeys:
        """Keys of one partition, or shard, of a state."""
        units = f"{self.prefix}:{state}:{partition}"
        return PartitionKeys(units, f"{units}:changes")


def state_name(generation: str, lineage: int) -> str:
    """Name of a state: its generation, and which of several histories it is from the second on."""
    return f"{generation}.{lineage}" if lineage else generation


def lineage_of(state: str) -> int | None:
    """The lineage of a state with that name, whatever its generation; None for no such name."""
    lineage = state.partition(".")[2]
    return int(lineage or 0) if lineage.isdecimal() or not lineage else None


def script(name: str) -> str:
    """Text of a Lua script of this folder."""
    return (resources.files("exporters") / f"{name}.lua").read_text(encoding="utf-8")
