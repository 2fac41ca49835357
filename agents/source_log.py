"""What Kafka says of the source: where its partitions begin and end, and when it last answered."""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any, TypeVar

from aiokafka.errors import KafkaError
from faust.types.tuples import TP

log = logging.getLogger("tidegauge.worker")

QUESTION_SECONDS = 10.0
"""How long a question may hold up reading; it is asked again."""
REMEMBERED_ENDS = 64
"""Of each partition. They are asked for six times a second: ten seconds, and having reached one is
fresh for five."""
T = TypeVar("T")


class SourceLog:
    """Asks aiokafka, which lives in a thread of its own."""

    def __init__(self, topic: str, thread: Any) -> None:
        self._topic, self._thread = topic, thread
        self._ends: dict[int, deque[tuple[int, int]]] = defaultdict(
            lambda: deque(maxlen=REMEMBERED_ENDS)
        )
        """When a partition was polled, and where it ended then, whenever somebody asked."""

    def partition(self, number: int) -> TP:
        """The partition with this number, as Faust names it."""
        return TP(self._topic, number)

    def partitions(self) -> int:
        """How many there are by the latest metadata; 0 before the first."""
        consumer = self._kafka
        return len((consumer and consumer.partitions_for_topic(self._topic)) or ())

    @property
    def is_assigned(self) -> bool:
        """Whether any partition is assigned to this worker."""
        return self._kafka is not None and bool(self._kafka.assignment())

    def polled_at(self, number: int) -> int | None:
        """Wall clock, in milliseconds, of the last fetch that was answered for a partition."""
        try:
            return self._kafka.last_poll_timestamp(self.partition(number))  # type: ignore[no-any-return]
        except (AssertionError, AttributeError):
            return None  # not started, or taken away meanwhile

    def end(self, number: int) -> int | None:
        """End of a partition by the last fetch that was answered."""
        try:
            return self._kafka.highwater(self.partition(number))  # type: ignore[no-any-return]
        except (AssertionError, AttributeError):
            return None

    def caught_up_at(self, number: int, offset: int) -> tuple[int, int] | None:
        """Time of the last poll whose end is folded if all before `offset` is, and the end now.

        Times in milliseconds. (0, end) while behind all that are remembered. None before the first
        poll, when the partition is gone, and when it ends before `offset`: then it is not the log
        that was counted.

        Of a busy partition no poll need find everything folded: by the time a record is, others
        have come. But the end of a while before is behind it.
        """
        polled_at = self.polled_at(number)  # before the end: never too new
        end = self.end(number)
        if end is None or polled_at is None or end < offset:
            return None
        ends = self._ends[number]
        if not ends or ends[-1] != (polled_at, end):
            ends.append((polled_at, end))
        # The newest one and not the latest time: a clock may have been set back meanwhile.
        return next((at for at, end_then in reversed(ends) if end_then <= offset), 0), end

    async def beginnings(self, partitions: Iterable[TP]) -> Mapping[Any, int]:
        """First offset the source still holds of each; raises Kafka's errors."""
        return await self.in_thread(self._kafka.beginning_offsets(list(partitions)))

    async def beginning(self, number: int) -> int | None:
        """First offset the source still holds; None when nobody answers."""
        partition = self.partition(number)
        found = await self._ask(self._kafka.beginning_offsets([partition]))
        return None if found is None else int(found[partition])

    async def listed_end(self, number: int) -> int | None:
        """End of a partition as the broker lists it; None when nobody answers."""
        partition = self.partition(number)
        found = await self._ask(self._kafka.end_offsets([partition]))
        return None if found is None else int(found[partition])

    async def in_thread(self, work: Coroutine[Any, Any, T], seconds: float | None = None) -> T:
        """Await something of aiokafka, and give it up there too when it is given up here.

        Faust's queue of calls would go on with it, and has room for two.
        """
        call = asyncio.run_coroutine_threadsafe(work, self._thread.thread_loop)
        return await asyncio.wait_for(asyncio.wrap_future(call), seconds)

    async def _ask(self, question: Coroutine[Any, Any, T]) -> T | None:
        try:
            return await self.in_thread(question, QUESTION_SECONDS)
        except (KafkaError, OSError, TimeoutError) as error:
            log.warning("Kafka does not say what a partition holds: %r", error)
            return None

    @property
    def _kafka(self) -> Any:
        return self._thread._consumer  # noqa: SLF001 - Faust's name for aiokafka's consumer
