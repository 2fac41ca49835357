"""Folds a log as workers and an exporter do, and says what would be exported."""

import random
from collections.abc import Iterable, Sequence

from streams.folding import Folding
from streams.partition import Partition
from streams.persons.progress import progress_of
from streams.persons.sections import Crossing, Teller
from streams.persons.shard import Shard
from streams.published import Published
from streams.reading import Reading
from tests.oracle.log import Log, Record
from tests.oracle.oracle import Key
from tests.streams.made_up import published

BATCHES = (5, 40, 200, 2000)


class Product:
    """The partitions of a log, and the shards that were told of them in some order."""

    def __init__(self, folding: Folding, log: Log) -> None:
        self.folding, self._log = folding, log
        self._rng = random.Random(log.seed)
        self._partitions = [Partition(folding) for _ in log.partitions]
        self._shards = [Shard(folding.calendar) for _ in range(self._rng.choice((1, 2, 3, 5)))]
        self._crossing = Crossing("", 0, len(self._partitions), len(self._shards))
        self._facts = 0
        self._run()

    def at(self, as_of: int) -> dict[Key, float]:
        """Every series at an instant, up to which the shards are told first."""
        self._tell(range(len(self._partitions)), as_of)
        shards = [
            Published(progress, shard.units())
            for number, shard in enumerate(self._shards)
            if (
                progress := progress_of(
                    shard, number, end_offset=self._facts, published_at=as_of, checkpoint_at=0
                )
            )
        ]
        assert len(shards) == len(self._shards)
        partitions = [
            published(partition, number=number, caught_up_at=as_of, at=as_of)
            for number, partition in enumerate(self._partitions)
        ]
        reading = Reading.of(self.folding, partitions, as_of, shards=shards)
        assert len({(s.name, *sorted(s.exported_labels.items())) for s in reading.series}) == len(
            reading.series
        )
        return {
            (one.name, tuple(sorted(one.exported_labels.items()))): one.value
            for one in reading.series
        }

    def _run(self) -> None:
        """Fold batches of all partitions, in an order that knows no time."""
        waiting = {number: self._batches(held) for number, held in enumerate(self._log.partitions)}
        while any(waiting.values()):
            number = self._rng.choice([number for number, held in waiting.items() if held])
            self._partitions[number].fold(waiting[number].pop(0))
            if self._rng.random() < 1 / 2:
                others = self._rng.sample(sorted(waiting), self._rng.randint(0, len(waiting) - 1))
                self._tell(sorted({number, *others}), 0)
        self._tell(range(len(self._partitions)), self._log.end)

    def _batches(self, held: Sequence[Record]) -> list[Sequence[Record]]:
        size = self._rng.choice(BATCHES)
        return [held[start : start + size] for start in range(0, len(held), size)]

    def _tell(self, numbers: Iterable[int], caught_up_at: int) -> None:
        """Tell the shards what some partitions have folded, in one message to each."""
        told = [
            (number, found, Teller(found.begin, caught_up_at, caught_up_at or self._log.end))
            for number in numbers
            if (found := self._partitions[number].take_told())
        ]
        messages = self._crossing.messages(told)
        for shard, message in zip(self._shards, messages, strict=True):
            shard.fold([Record(self._facts, self._log.end, message.encode())])
        self._facts += 1
