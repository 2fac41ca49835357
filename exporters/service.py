"""The exporter: one read of Redis at a time, shared by all who ask meanwhile, on a web server."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from exporters.collector import ProductCollector
from exporters.doors.protection import Door
from exporters.doors.refusals import RefusalCollector
from exporters.exposition import process_collectors, render
from exporters.http import Server, create_web_app, start_server
from exporters.keys import DEFAULT_PREFIX
from exporters.launches import LaunchCollector
from exporters.page.notes_file import NotesFile
from exporters.page.service import Page
from exporters.pipeline import PipelineCollector
from exporters.shard_health import ShardHealthCollector
from exporters.snapshot_store import STALE_AFTER_SECONDS, SnapshotReader, wall_clock
from exporters.view import View
from exporters.watched import WatchCollector
from streams.catalogue import PREFIX
from streams.folding import Folding
from streams.launches.comparison import compare
from streams.launches.effect import Effect
from streams.past import Past
from streams.spikes.watcher import Watched, Watcher

DOOR = Door("127.0.0.1", 9480)

log = logging.getLogger("tidegauge.exporter")


class Exporter:
    """Serves what is published under one prefix; make it, `start` it, `stop` it, once."""

    def __init__(
        self,
        *,
        redis_url: str,
        folding: Folding,
        prefix: str = DEFAULT_PREFIX,
        door: Door = DOOR,
        stale_after_seconds: float = STALE_AFTER_SECONDS,
        clock: Callable[[], int] = wall_clock,
        notes: NotesFile | None = None,
    ) -> None:
        self._folding = folding
        self._door = door
        self._reader = SnapshotReader(
            redis_url, prefix, folding, stale_after_seconds=stale_after_seconds, clock=clock
        )
        self._past = Past(folding)
        self._watcher = Watcher(self._past)
        self._page = Page(folding, self.view, notes or NotesFile("", folding.catalogue))
        self._problems: list[str] = []
        self._reading: asyncio.Task[View] | None = None
        self._view: View | None = None
        self._process = process_collectors()
        self._server: Server | None = None
        self.scrapes = 0
        self.scrape_seconds = 0.0
        """How long the last scrape took."""

    async def start(self) -> Server:
        """Listen; raises as `start_server` does. Redis need not be there."""
        app = create_web_app(self.scrape, self.problems, self._page.routes())
        self._server = await start_server(
            app,
            self._door.host,
            self._door.port,
            setting="TIDEGAUGE_EXPORTER_BIND",
            protection=self._door.protection,
        )
        return self._server

    async def stop(self) -> None:
        """Stop listening and close the connections."""
        if self._server is not None:
            await self._server.stop()
        await self._page.stop()
        if self._reading is not None:
            await self._reading
        await self._reader.close()

    async def scrape(self, accept: str) -> tuple[bytes, str]:
        """Body and content type of `/metrics`."""
        began = time.perf_counter()
        view = await self.view()
        self.scrapes += 1
        answer = render(self._collectors(view), accept)
        self.scrape_seconds = time.perf_counter() - began
        return answer

    async def problems(self) -> list[str]:
        """Why the product metrics cannot be shown."""
        return (await self.view()).snapshot.problems

    async def view(self) -> View:
        """Read and evaluate; those who ask while that is under way get the same view."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
            self._reading.add_done_callback(self._finish)
        return await asyncio.shield(self._reading)

    def _finish(self, _: "asyncio.Task[View]") -> None:
        self._reading = None

    async def _read(self) -> View:
        view = self._view = View.of(self._folding, await self._reader.read(), self._view)
        self._tell(view.snapshot.problems)
        return view

    def _tell(self, problems: list[str]) -> None:
        """Log why there are no numbers, and when there are again, once each."""
        if problems and not self._problems:
            log.warning("no product metrics for now: %s", "; ".join(problems))
        elif self._problems and not problems:
            log.info("product metrics are complete")
        self._problems = problems

    def _collectors(self, view: View) -> list[Collector]:
        watched, effects = self._beside_the_past(view)
        return [
            ProductCollector(self._folding, view),
            WatchCollector(watched),
            LaunchCollector(self._folding.catalogue, view.launches, effects),
            PipelineCollector(view.snapshot.partitions, complete=view.reading is not None),
            ShardHealthCollector(view.snapshot.shards),
            ExporterCollector(self.scrapes, self.scrape_seconds, self._reader.errors),
            RefusalCollector("exporter", self._server.refusals.counts if self._server else {}),
            *self._process,
        ]

    def _beside_the_past(self, view: View) -> tuple[list[Watched], dict[str, list[Effect]]]:
        """What is unusual, and what launches came to."""
        if view.reading is None:
            return [], {}
        instant = view.reading.as_of
        self._past.take(list(view.snapshot.partitions.values()))
        effects = {one.name: compare(self._past, one, instant) for one in view.launches}
        return list(self._watcher.look(instant)), effects


class ExporterCollector(Collector):
    """What the exporter says of itself."""

    def __init__(self, scrapes: int, last_scrape_seconds: float, redis_errors: int) -> None:
        self._scrapes = scrapes
        self._last_scrape_seconds = last_scrape_seconds
        self._redis_errors = redis_errors

    def collect(self) -> Iterator[Family]:
        """Yield every family."""
        yield CounterMetricFamily(
            f"{PREFIX}exporter_scrapes", "Scrapes, this one included.", value=self._scrapes
        )
        yield GaugeMetricFamily(
            f"{PREFIX}exporter_last_scrape_seconds",
            "How long the scrape before this one took.",
            value=self._last_scrape_seconds,
        )
        yield CounterMetricFamily(
            f"{PREFIX}exporter_redis_errors",
            "Reads of Redis that failed or took too long.",
            value=self._redis_errors,
        )
