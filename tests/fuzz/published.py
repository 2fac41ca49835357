"""What stands in Redis, as an exporter reads it: numbers, or words that say why there are none."""

import itertools
import zlib

from exporters.collector import ProductCollector
from exporters.exposition import render
from exporters.keys import Source, shard_part
from exporters.page.audience import PRIVATE
from exporters.page.cards import sheet_of
from exporters.page.rendering import render as render_page
from exporters.pipeline import PipelineCollector
from exporters.shard_health import ShardHealthCollector
from exporters.snapshot_store import SnapshotReader
from exporters.view import View
from exporters.watched import WatchCollector
from streams.history import History
from streams.partition import Partition
from streams.past import Past
from streams.persons.progress import progress_of
from streams.published import Progress
from streams.spikes.watcher import Watcher
from streams.unit import seal, unseal
from tests.fuzz.decoding import NOW, Row, crossed, simulated
from tests.fuzz.stored import ChangedRows
from tests.streams.made_up import a_folding

SOURCE, HEAD = "source", "progress"
PAGE_EVERY = 32
"""The page and what is unusual take fifty times as long, so not every input is shown so."""
PARTS = (0, shard_part(0))


class PublishedRows(ChangedRows):
    """The record of the source, and of a partition and a shard progress and panes."""

    name = "published"

    def __init__(self) -> None:
        self._folding = a_folding()
        partition = Partition(self._folding)
        partition.fold([Row(i, NOW, value) for i, value in enumerate(simulated(60, 4))])
        shard, times = crossed(partition), {"published_at": NOW, "checkpoint_at": NOW}
        of_partition = Progress.of(partition, 0, end_offset=60, caught_up_at=NOW, **times)
        of_shard = progress_of(shard, 0, end_offset=1, **times)
        rows = {SOURCE: seal(Source.of(self._folding, "state", "events", 1, 1))}
        for part, head, panes in (
            (PARTS[0], of_partition, partition.everything()),
            (PARTS[1], of_shard, shard.everything()),
        ):
            rows[f"{part}|{HEAD}"] = seal(head)
            rows |= {f"{part}|{pane}": raw for pane, raw in panes.items()}
        super().__init__(rows)

    def seal_of(self, name: str) -> str:
        """Panes are sealed under their names, the others under none."""
        pane = name.partition("|")[2]
        return "" if pane == HEAD else pane

    def examine(self, data: bytes) -> str:
        """Read it, and show it in every way."""
        found = self.sound | self.changed(data)
        reader = SnapshotReader("redis://127.0.0.1:1", "fuzz", self._folding, clock=lambda: NOW)
        try:
            source = unseal(Source, found[SOURCE])
        except ValueError:
            return "problems"
        if source.parts() != list(PARTS):
            return "another number of parts"
        answers = [_answer(found, f"{part}|") for part in PARTS]
        view = View.of(self._folding, reader._snapshot(source, answers))
        self._show(view, with_page=zlib.crc32(data) % PAGE_EVERY == 0)
        return "problems" if view.snapshot.problems else "numbers"

    def _show(self, view: View, *, with_page: bool) -> None:
        """Whatever asks for it gets an answer."""
        partitions, shards = view.snapshot.partitions, view.snapshot.shards
        collectors = [
            ProductCollector(self._folding, view),
            PipelineCollector(partitions, complete=view.reading is not None),
            ShardHealthCollector(shards),
        ]
        if view.reading is not None and with_page:
            instant, past = view.reading.as_of, Past(self._folding)
            past.take(list(partitions.values()))
            collectors.append(WatchCollector(list(Watcher(past).look(instant))))
            history = History(self._folding)
            days = history.read(list(partitions.values()), instant, list(shards.values()))
            assert render_page(sheet_of(self._folding, view, days, [], PRIVATE, "")).live
        assert render(collectors, "")[0]


def _answer(rows: dict[str, bytes], part: str) -> list[object]:
    """As `read.lua` gives it."""
    mine = {name[len(part) :]: raw for name, raw in rows.items() if name.startswith(part)}
    panes = [(name.encode(), raw) for name, raw in mine.items() if name != HEAD]
    pairs = list(itertools.chain.from_iterable(panes))
    return [b"whole", b"epoch", b"1", mine[HEAD], pairs, []]
