"""What becomes of records that cannot be read: letters before checkpoints, and a limit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from agents.dead_letters import LETTER_BYTES, DeadLetterLimit, DeadLetterOffice
from agents.settings import Refusal, WorkerSettings
from streams.event import Rejected
from streams.folding import DeadLetter
from tidegauge.assembly import worker_settings
from tidegauge.settings import Settings


def settings(**changes: Any) -> WorkerSettings:
    return replace(worker_settings(Settings()), **changes)


def letters(first: int, count: int, value: bytes | None = b"junk") -> list[DeadLetter]:
    rejected = Rejected("not_json", "it begins with 'j'")
    return [DeadLetter(offset, rejected, value) for offset in range(first, first + count)]


def observe(limit: DeadLetterLimit, first: int, count: int, dead: list[DeadLetter]) -> int:
    """Note a batch; returns the first offset after it."""
    limit.observe(count, dead, first + count - 1)
    return first + count


def test_a_run_over_several_batches_counts_as_one() -> None:
    limit = DeadLetterLimit(settings(max_dead_letters_in_a_row=100))
    offset = observe(limit, 0, 50, letters(20, 30))
    offset = observe(limit, offset, 60, letters(50, 60))
    with pytest.raises(Refusal, match="100 in a row; the last one, at offset 119"):
        observe(limit, offset, 10, letters(110, 10))


def test_a_good_record_ends_a_run() -> None:
    limit = DeadLetterLimit(settings(max_dead_letters_in_a_row=100))
    offset = 0
    for _ in range(10):
        offset = observe(limit, offset, 100, letters(offset, 99))  # the last one is good
        offset = observe(limit, offset, 200, [])


def test_a_ratio_is_judged_over_many_records_only() -> None:
    limit = DeadLetterLimit(settings(max_dead_letter_ratio=0.1))
    offset = observe(limit, 0, 1_000, letters(0, 500))
    with pytest.raises(Refusal, match="600 of the last 2000"):
        observe(limit, offset, 1_000, letters(offset, 100))


def test_old_records_weigh_less_in_the_ratio() -> None:
    limit = DeadLetterLimit(settings(max_dead_letter_ratio=0.1))
    offset = 0
    for _ in range(100):
        offset = observe(limit, offset, 1_000, [])
    offset = observe(limit, offset, 1_000, letters(offset, 250))
    with pytest.raises(Refusal):
        observe(limit, offset, 1_000, letters(offset, 250))


def test_accepted_junk_passes_once_and_is_not_held_against_what_follows() -> None:
    limit = DeadLetterLimit(settings(max_dead_letters_in_a_row=200, accept_dead_letters=3_000))
    offset = 0
    for _ in range(6):
        offset = observe(limit, offset, 500, letters(offset, 500))
    for _ in range(20):
        offset = observe(limit, offset, 500, letters(offset, 5))
    offset = observe(limit, offset, 100, letters(offset, 100))
    with pytest.raises(Refusal):
        observe(limit, offset, 100, letters(offset, 100))


def test_more_junk_than_accepted_is_refused() -> None:
    limit = DeadLetterLimit(settings(max_dead_letters_in_a_row=200, accept_dead_letters=1_000))
    for first in range(0, 1_100, 100):
        observe(limit, first, 100, letters(first, 100))
    with pytest.raises(Refusal):
        observe(limit, 1_100, 100, letters(1_100, 100))


class SlowProducer:
    """Stands in for aiokafka's: takes a record only when it is let, acknowledges it at once."""

    def __init__(self) -> None:
        self.room = asyncio.Semaphore(0)
        self.sent: list[dict[str, Any]] = []

    async def send(self, topic: str, value: bytes, **more: Any) -> asyncio.Future[None]:
        await self.room.acquire()
        self.sent.append({"topic": topic, "value": value, **more})
        acknowledgement: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        acknowledgement.set_result(None)
        return acknowledgement


def office(producer: SlowProducer) -> DeadLetterOffice:
    app = SimpleNamespace(producer=SimpleNamespace(_producer=producer))
    return DeadLetterOffice(app, settings(topic="events", application="gauge"))


async def until_idle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_checkpoint_waits_for_letters_that_are_not_handed_over_yet() -> None:
    async def main() -> None:
        producer = SlowProducer()
        letter_box = office(producer)
        sending = asyncio.create_task(letter_box.send(3, letters(0, 3)))
        await until_idle()
        checkpoint = asyncio.create_task(letter_box.acknowledged())
        producer.room.release()
        await until_idle()
        assert not checkpoint.done()
        producer.room.release()
        producer.room.release()
        await checkpoint
        await sending
        assert len(producer.sent) == letter_box.sent == 3

    asyncio.run(main())


def test_letters_handed_over_after_a_checkpoint_began_are_left_to_the_next() -> None:
    async def main() -> None:
        producer = SlowProducer()
        letter_box = office(producer)
        await letter_box.acknowledged()
        sending = asyncio.create_task(letter_box.send(3, letters(0, 1)))
        producer.room.release()
        await sending
        await letter_box.acknowledged()
        assert len(producer.sent) == 1

    asyncio.run(main())


def sent(letter: DeadLetter) -> dict[str, Any]:
    async def main() -> dict[str, Any]:
        producer = SlowProducer()
        producer.room.release()
        await office(producer).send(3, [letter])
        return producer.sent[0]

    return asyncio.run(main())


def test_a_letter_holds_the_record_and_where_it_stood() -> None:
    letter = sent(DeadLetter(17, Rejected("not_json", "\ud800 stands alone"), b"junk"))
    assert (letter["topic"], letter["partition"]) == ("gauge-dead-letters", 3)
    assert letter["value"] == b"junk"
    assert dict(letter["headers"]) == {
        "reason": b"not_json",
        "detail": b"\\ud800 stands alone",
        "topic": b"events",
        "partition": b"3",
        "offset": b"17",
    }


def test_a_record_without_a_value_makes_an_empty_letter() -> None:
    assert sent(DeadLetter(0, Rejected("not_json", "empty"), None))["value"] == b""


def test_a_record_too_large_for_a_letter_is_cut_and_says_so() -> None:
    letter = sent(DeadLetter(0, Rejected("too_large", "5 MB"), b"x" * 5_000_000))
    assert letter["value"] == b"x" * LETTER_BYTES
    assert dict(letter["headers"])["bytes"] == b"5000000"
    assert LETTER_BYTES < 1_000_000  # what a broker takes when nobody has set anything
