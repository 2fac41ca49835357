"""tidegauge at the same job: its real worker, with the job as a catalogue.

It is measured as the peers are, over records that are dealt with, while all partitions have more;
what it has still to tell the shards of persons at the beginning makes up for the same at the end.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.peer import BEGIN_SHARE, Outcome, PeerFailed
from benchmarks.worker_run import WorkerRun
from exporters.snapshot_store import Snapshot, SnapshotReader
from streams.folding import Folding
from streams.merging import Merged
from streams.panes import Grain, Pane
from streams.persons.book import Book
from streams.persons.names import ACTIVE
from streams.published import Published
from tidegauge.assembly import folding, load_checked

CATALOGUE = Path(__file__).with_name("same_job.toml")
SETTLE_SECONDS, POLL_SECONDS = 30.0, 0.1
MEGABYTE = 1 << 20
GRAINS = (Grain.MINUTE, Grain.DAY)
MEASURES = ("page_views", "conversions", "cancellations")


class JobRun(WorkerRun):
    """One run of the job; `counts` is what stood in Redis at the end."""

    poll_seconds = 0.25

    def __init__(
        self, bootstrap: str, redis_url: str, topic: str, number: int, *, idempotent: bool
    ) -> None:
        options = ("--config", str(CATALOGUE))
        super().__init__(
            bootstrap, redis_url, topic, f"job-{number}", idempotent=idempotent, options=options
        )
        self.counts: Mapping[str, int] = {}
        self.truth: Mapping[str, int] = {}
        """Of what is kept."""
        self.settling_seconds = 0.0
        """From when the last record was folded to when its share of the result stood in Redis."""

    def outcome(self, truth: Mapping[str, int], events: int, log: Path) -> Outcome:
        """Do the job on a topic of so many events, of which that is the truth."""
        self._truth = truth
        self.run(folding(load_checked(str(CATALOGUE), {})), events, log, lambda _: None)
        _, last = self.steady()
        first = next(one for one in self.moments if one.folded >= BEGIN_SHARE * events)
        records, seconds = last.folded - first.folded, last.seconds - first.seconds
        if records <= 0:
            raise PeerFailed("it was done too soon to be measured; give it more records")
        cpu_seconds = last.cpu_seconds - first.cpu_seconds
        peak = round(max(one.resident_bytes for one in self.moments) / MEGABYTE)
        return Outcome(records / seconds, records / cpu_seconds, seconds, peak, self.counts)

    async def _published(self, folding: Folding, events: int) -> dict[int, Published]:
        reader = SnapshotReader(self._redis_url, self._application, folding)
        deadline = time.monotonic() + SETTLE_SECONDS
        try:
            while True:
                snapshot = await reader.read()
                folded = sum(p.progress.offset for p in snapshot.partitions.values())
                if folded == events and snapshot.shards:
                    self.counts = counts_of(folding, snapshot)
                    self.truth = kept(folding, snapshot, self._truth)
                    if self.counts == self.truth:
                        break
                if time.monotonic() > deadline:
                    break  # the counts are told apart by whoever asked
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await reader.close()
        self.settling_seconds = time.monotonic() - self.moments[-1].seconds
        return snapshot.partitions


def counts_of(folding: Folding, snapshot: Snapshot) -> dict[str, int]:
    """What is published, named as in `peers.marks.named`."""
    partitions, shards = list(snapshot.partitions.values()), list(snapshot.shards.values())
    merged = Merged(folding, partitions)
    counts = {}
    for pane in _panes(folding, partitions):
        for name in MEASURES:
            for labels, count in merged.values(name, [pane]).items():
                if count:
                    counts[f"{pane.grain}|{pane.start}|{name}|{'|'.join(labels)}"] = round(count)
    for pane in {pane for shard in shards for pane in shard.units if pane.grain is Grain.DAY}:
        book = Book(shards, pane.start, folding.calendar, merged.values)
        persons = book.at(ACTIVE, pane, 1)
        if persons:
            counts[f"day|{pane.start}|persons"] = persons.total()
    return counts


def kept(folding: Folding, snapshot: Snapshot, truth: Mapping[str, int]) -> dict[str, int]:
    """The truth without the minutes that are kept no longer."""
    panes = {str(pane) for pane in _panes(folding, list(snapshot.partitions.values()))}
    return {
        name: count
        for name, count in truth.items()
        if name.startswith("day|") or "/".join(name.split("|")[:2]) in panes
    }


def _panes(folding: Folding, partitions: Sequence[Published]) -> set[Pane]:
    """Those that every partition still keeps."""
    watermark = max(published.progress.watermark for published in partitions)
    return {
        pane
        for published in partitions
        for pane in published.units
        if pane.grain in GRAINS and folding.calendar.is_kept(pane, watermark)
    }
