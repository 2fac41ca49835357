"""Runs one worker: waits for Kafka, refuses what it must not do, folds until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Iterator
from typing import Any

from agents import topics
from agents.allocator import give_memory_back, keep_tidy, relieve_collector
from agents.app import WorkerApp, create_app, create_persons_app
from agents.fail_stop import fail_stop
from agents.liveness import keep_watch
from agents.publishing import Publishing, ShardPublishing
from agents.readiness import not_ready
from agents.settings import Refusal, WorkerSettings
from agents.shard_metrics import ShardCollector
from agents.worker_metrics import WorkerCollector
from exporters.doors.refusals import RefusalCollector, Refusals
from exporters.exposition import process_collectors, render
from exporters.http import create_web_app, start_server
from exporters.keys import Source
from exporters.publisher import SnapshotPublisher
from exporters.publisher_health import PublisherCollector
from exporters.snapshot_store import wall_clock
from streams.generation import generation

log = logging.getLogger("tidegauge.worker")

LONGEST_PAUSE_SECONDS = 10.0
CANCEL_SECONDS = 0.1
"""How long a loop may take to notice that it is cancelled before it is told again."""
EXIT_CRASHED = 1
EXIT_REFUSED = 2


class Worker:
    """One worker process; `run` returns its exit code."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.stopping = asyncio.Event()
        self.waiting_for = "Kafka has not answered yet"
        self._apps: list[WorkerApp] = []
        self._publishers: list[SnapshotPublisher] = []
        self._state = ""
        self._process = process_collectors()
        self._refusals = Refusals()

    async def run(self) -> int:
        """Work until `stopping` is set or the worker refuses; raises as `start_server` does."""
        web = create_web_app(self._metrics, self._not_ready, _landing)
        server = await start_server(
            web,
            self.settings.host,
            self.settings.port,
            setting="TIDEGAUGE_WORKER_BIND",
            protection=self.settings.protection,
        )
        self._refusals = server.refusals
        log.info("serving /metrics, /healthz and /readyz on %s", server.url)
        try:
            return await self._work()
        except Refusal as refusal:
            log.error("%s", refusal)  # noqa: TRY400 - a sentence for an operator, not a traceback
            return EXIT_REFUSED
        finally:
            await server.stop()

    async def _work(self) -> int:
        found = await self._wait_for_kafka()
        if found is None:
            return 0
        apps = self._create_apps(found)
        await self._start(apps)
        loops = [asyncio.create_task(loop) for loop in self._loops(apps, found)]
        try:
            await self._until_over(apps, loops)
        finally:
            await asyncio.gather(*(app.stop() for app in apps))
            await _end(loops)
            await asyncio.gather(*(publisher.close() for publisher in self._publishers))
        for app in apps:
            if app.refusal is not None:
                raise Refusal(app.refusal)
        for app in apps:
            if app.crash_reason is not None:
                log.error("Faust ended: %r; a supervisor may start it again", app.crash_reason)
                return EXIT_CRASHED
        return 0

    def _create_apps(self, found: topics.Prepared) -> list[WorkerApp]:
        """The app that folds the source, and the one that keeps persons."""
        settings, (source, facts) = self.settings, found
        state = self._state = generation(settings.folding, source.topic_id)
        folding = create_app(settings, source.partitions, state, facts.partitions)
        keeping = create_persons_app(settings.of_persons(), facts.partitions, state)
        folding.source, keeping.source = source, facts
        self._apps = [folding, keeping]
        return self._apps

    def _loops(
        self, apps: list[WorkerApp], found: topics.Prepared
    ) -> Iterator[Coroutine[Any, Any, None]]:
        """What runs beside the apps."""
        settings, (folding, keeping) = self.settings, apps
        counts = found.source.partitions, found.facts.partitions
        announced = Source.of(settings.folding, self._state, settings.topic, *counts)
        self._publishers = [
            SnapshotPublisher(settings.redis_url, settings.redis_prefix, self._state) for _ in apps
        ]
        yield Publishing(folding, self._publishers[0], announced).run()
        yield ShardPublishing(keeping, self._publishers[1], announced).run()
        if folding.telling is not None:
            yield folding.telling.run()
        yield from map(keep_watch, apps)
        yield keep_tidy()

    async def _start(self, apps: list[WorkerApp]) -> None:
        """Start the apps; they come back with their first partitions, or when told to stop.

        When one cannot start, the other ends too: its thread would outlive the worker and keep in
        its group what nobody reads any more.
        """
        starting = [asyncio.create_task(app.start()) for app in apps]
        both = asyncio.ensure_future(asyncio.gather(*starting))
        stopping = asyncio.ensure_future(self.stopping.wait())
        futures: list[asyncio.Future[Any]] = [both, stopping]
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not both.done() or both.exception() is not None:
            await asyncio.gather(*(app.stop() for app in apps))
        await both

    async def _until_over(self, apps: list[WorkerApp], loops: list[asyncio.Task[None]]) -> None:
        """Wait until somebody stops the worker, it refuses, or a part of it has crashed."""
        ends = [asyncio.create_task(self.stopping.wait())]
        ends += [asyncio.create_task(app.ended.wait()) for app in apps]
        ends += [asyncio.create_task(app.wait_until_stopped()) for app in apps]
        await asyncio.wait([*ends, *loops], return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        for loop in loops:
            if loop.done():
                fail_stop("publishing or watching has crashed", loop.exception())

    async def _wait_for_kafka(self) -> topics.Prepared | None:
        """Try until Kafka answers; None when stopped meanwhile. Raises Refusal."""
        pause = 1.0
        while not self.stopping.is_set():
            try:
                return await asyncio.to_thread(topics.prepare, self.settings)
            except topics.KafkaUnreachable as error:
                self.waiting_for = str(error)
                log.warning("%s; trying again in %.0f s", error, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        return None

    async def _metrics(self, accept: str) -> tuple[bytes, str]:
        collectors = [*self._process, RefusalCollector("worker", self._refusals.counts)]
        if self._apps:
            collectors += [WorkerCollector(self._apps[0]), ShardCollector(self._apps[1])]
        if self._publishers:
            collectors.append(PublisherCollector(self._publishers))
        return render(collectors, accept)

    async def _not_ready(self) -> list[str]:
        if not self._apps:
            return [self.waiting_for]
        reasons = [reason for app in self._apps for reason in not_ready(app, wall_clock())]
        errors = dict.fromkeys(p.last_error for p in self._publishers if p.last_error)
        return reasons + [f"Redis does not answer: {error}" for error in errors]


async def _end(loops: list[asyncio.Task[None]]) -> None:
    """Cancel loops until they have ended: redis-py 8 loses a cancellation that meets an answer."""
    while left := [loop for loop in loops if not loop.done()]:
        for loop in left:
            loop.cancel()
        await asyncio.wait(left, timeout=CANCEL_SECONDS)
    await asyncio.gather(*loops, return_exceptions=True)


async def _landing() -> str:
    return (
        "<!doctype html><html lang=en><title>tidegauge worker</title><h1>tidegauge worker</h1>"
        "<p><a href=/metrics>metrics</a> <a href=/healthz>healthz</a> <a href=/readyz>readyz</a>"
        "<p>Product metrics are served by the exporter.</html>"
    )


async def run_until_signalled(settings: WorkerSettings) -> int:
    """Run a worker that SIGTERM and SIGINT stop cleanly, with a last checkpoint."""
    give_memory_back()
    relieve_collector()
    worker = Worker(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stopping.set)
    return await worker.run()
