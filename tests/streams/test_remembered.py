"""Merging from snapshot to snapshot: what is remembered never shows in what is said."""

from __future__ import annotations

import random

import pytest

from streams.partition import Partition
from streams.published import Published
from streams.reading import Reading
from streams.remembered import Remembered
from tests.streams.made_up import HOUR, MINUTE, SECOND, Log, a_folding, fold, moment, published

START = moment("2026-10-23T20:00+02:00")
FOLDING = a_folding()


def read(held: list[Published], merged: Remembered | None = None) -> Reading:
    instant = max(one.progress.watermark for one in held)
    return Reading.of(FOLDING, held, instant, merged=merged)


@pytest.mark.parametrize("step", [SECOND, MINUTE, HOUR])
@pytest.mark.parametrize("count", [1, 3])
def test_remembering_from_scrape_to_scrape_changes_nothing(step: int, count: int) -> None:
    rng = random.Random(f"{step} {count}")
    logs = [Log(seed, START, step).rows(600, trouble=0.2) for seed in range(count)]
    partitions = [fold(Partition(FOLDING), log[:300]) for log in logs]
    held = [published(partition) for partition in partitions]
    merged = None
    for _ in range(6):
        changed = rng.randrange(count)
        begin = partitions[changed].offset
        fold(partitions[changed], logs[changed][begin : begin + 50])
        changes = partitions[changed].take_changes().changed
        progress = published(partitions[changed]).progress
        now = Published(progress, dict(held[changed].units))
        now.update(changes, FOLDING)  # as a reader does: what did not change is the same object
        held[changed] = now
        merged = Remembered(FOLDING, list(held), merged)
        assert read(held, merged) == read(held)


def test_what_did_not_change_is_not_merged_again() -> None:
    rows = Log(1, START, SECOND).rows(200)
    held = [published(fold(Partition(FOLDING), rows), number=number) for number in range(2)]
    first = Remembered(FOLDING, held)
    for metric in FOLDING.metrics:
        for pane in held[0].units:
            (states,) = first._held(metric, pane)
            (again,) = Remembered(FOLDING, held, first)._held(metric, pane)
            assert states is again
