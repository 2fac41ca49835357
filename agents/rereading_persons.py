"""The shards of persons while a replay folds the source anew: told at once, without a topic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from agents.settings import WorkerSettings
from exporters.snapshot_store import wall_clock
from streams.checkpoint import Row
from streams.partition import Partition
from streams.persons.progress import progress_of
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.published import Progress


class RereadingPersons:
    """Shards of a lineage; what a worker reads after them in the facts topic follows on."""

    def __init__(self, settings: WorkerSettings, crossing: Crossing) -> None:
        self._crossing = crossing
        self.shards = {
            number: Shard(settings.folding.calendar, crossing.generation, crossing.lineage)
            for number in range(crossing.shards)
        }

    def take(self, partitions: Mapping[int, Partition], caught_up_at: Mapping[int, int]) -> None:
        """Take what the partitions have to tell."""
        told = [(number, partition.take_told()) for number, partition in partitions.items()]
        found = [
            (number, one, Teller(one.begin, caught_up_at.get(number, 0), wall_clock()))
            for number, one in told
            if one is not None
        ]
        for number, message in enumerate(self._crossing.messages(found)):
            self.shards[number].take(message, wall_clock())

    def progress(self, number: int, checkpoint_at: int) -> Progress | None:
        """How far a shard is, for whoever publishes it; None before it has heard of everybody."""
        shard, now = self.shards[number], wall_clock()
        return progress_of(
            shard, number, end_offset=shard.offset, published_at=now, checkpoint_at=checkpoint_at
        )

    def store(self, ends: Mapping[int, int]) -> Iterator[tuple[int, Iterable[Sequence[Row]]]]:
        """What to write of each shard; `ends` are the offsets at which workers go on to read."""
        for number, shard in self.shards.items():
            shard.offset = ends[number]
            yield number, rows_of(shard)
