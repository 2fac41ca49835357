"""What becomes of records that cannot be read: letters before checkpoints, and a limit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from agents.dead_letters import LETTER_BYTES, DeadLetterLimit, DeadLetterOffice
from agents.settings import Refusal, WorkerSettings
from streams.dead_letter_run import DeadLetterRun
from streams.event import Rejected
from streams.folding import DeadLetter
from tidegauge.assembly import worker_settings
from tidegauge.settings import Settings


def settings(**changes: Any) -> WorkerSettings:
    return replace(worker_settings(Settings()), **changes)


def letters(first: int, count: int, value: bytes | None = b"junk") -> list[DeadLetter]:
    rejected = Rejected("not_json", "it begins with 'j'")
    return [DeadLetter(offset, rejected, value) for offset in range(first, first + count)]


class Stretch:
    """Records that are read one batch after the other."""

    def __init__(self, run: DeadLetterRun | None = None, **changes: Any) -> None:
        self.run = run or DeadLetterRun()
        self.offset = 0
        self._limit = DeadLetterLimit(settings(**changes))

    def read(self, good: int = 0, dead: int = 0) -> None:
        """Read a batch: dead letters, then good records."""
        self.run.note(dead + good, range(dead))
        found = letters(self.offset, dead)
        self.offset += good + dead
        self._limit.judge(self.run, found)


def test_a_run_over_several_batches_counts_as_one() -> None:
    stretch = Stretch(max_dead_letters_in_a_row=100)
    stretch.read(good=20)
    stretch.read(dead=30)
    stretch.read(dead=60)
    with pytest.raises(Refusal, match="100 in a row; the last one, at offset 119"):
        stretch.read(dead=10)


def test_a_run_goes_on_over_a_restart() -> None:
    before = Stretch(max_dead_letters_in_a_row=100)
    before.read(dead=60)
    stored = msgspec.msgpack.encode(before.run)
    after = Stretch(
        msgspec.msgpack.decode(stored, type=DeadLetterRun), max_dead_letters_in_a_row=100
    )
    with pytest.raises(Refusal, match="100 in a row"):
        after.read(dead=40)


def test_a_run_that_ended_within_a_batch_counts_too() -> None:
    with pytest.raises(Refusal, match="100 in a row"):
        Stretch(max_dead_letters_in_a_row=100).read(dead=100, good=5_000)


def test_a_good_record_ends_a_run() -> None:
    stretch = Stretch(max_dead_letters_in_a_row=100)
    for _ in range(10):
        stretch.read(dead=99, good=1)
        stretch.read(good=200)


def test_a_ratio_is_judged_over_many_records_only() -> None:
    stretch = Stretch(max_dead_letter_ratio=0.1)
    stretch.read(dead=500, good=500)
    with pytest.raises(Refusal, match="600 of the last 2000"):
        stretch.read(dead=100, good=900)


def test_old_records_weigh_less_in_the_ratio() -> None:
    stretch = Stretch(max_dead_letter_ratio=0.1)
    for _ in range(100):
        stretch.read(good=1_000)
    stretch.read(dead=250, good=750)
    with pytest.raises(Refusal):
        stretch.read(dead=250, good=750)


def test_what_was_looked_at_is_not_looked_at_again() -> None:
    stretch = Stretch(max_dead_letter_ratio=0.1)
    stretch.read(dead=150, good=1_850)
    with pytest.raises(Refusal, match="210 of the last 2060, 60 in a row"):
        stretch.read(dead=60)


def test_records_that_can_be_read_are_never_refused() -> None:
    stretch = Stretch(DeadLetterRun(read=3_000, dead=2_900), max_dead_letter_ratio=0.1)
    stretch.read(good=500)
    with pytest.raises(Refusal):
        stretch.read(dead=1)


def test_accepted_junk_passes_once_and_is_not_held_against_what_follows() -> None:
    stretch = Stretch(max_dead_letters_in_a_row=200, accept_dead_letters=3_000)
    for _ in range(6):
        stretch.read(dead=500)
    for _ in range(20):
        stretch.read(dead=5, good=495)
    stretch.read(dead=100)
    with pytest.raises(Refusal):
        stretch.read(dead=100)


@pytest.mark.parametrize("size", [1, 30, 100, 150, 500])
def test_just_as_much_junk_as_accepted_passes_however_it_is_cut(size: int) -> None:
    stretch = Stretch(max_dead_letters_in_a_row=100, accept_dead_letters=3_000)
    for _ in range(0, 3_000, size):
        stretch.read(dead=size)
    stretch.read(dead=99)
    with pytest.raises(Refusal):
        stretch.read(dead=1)


def test_more_junk_than_accepted_is_refused() -> None:
    stretch = Stretch(max_dead_letters_in_a_row=200, accept_dead_letters=1_000)
    for _ in range(11):
        stretch.read(dead=100)
    with pytest.raises(Refusal):
        stretch.read(dead=100)


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
