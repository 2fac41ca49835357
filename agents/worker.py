"""Runs one worker: waits for Kafka, refuses what it must not do, folds until it is told to stop."""

import asyncio
import contextlib
import gc
import logging
import signal

from agents import topics
from agents.app import WorkerApp, create_app
from agents.fail_stop import fail_stop
from agents.liveness import keep_watch
from agents.publishing import Publishing
from agents.readiness import not_ready
from agents.settings import Refusal, WorkerSettings
from agents.worker_metrics import WorkerCollector
from exporters.exposition import process_collectors, render
from exporters.http import create_web_app, start_server
from exporters.keys import Source
from exporters.publisher import SnapshotPublisher
from exporters.publisher_health import PublisherCollector
from exporters.snapshot_store import wall_clock
from streams.generation import generation

log = logging.getLogger("tidegauge.worker")

LONGEST_PAUSE_SECONDS = 10.0
NEW_OBJECTS_PER_COLLECTION = 100_000
"""A batch makes tens of thousands, none in a cycle; Python's 700 looks at them again and again."""
EXIT_CRASHED = 1
EXIT_REFUSED = 2


class Worker:
    """One worker process; `run` returns its exit code."""

    def __init__(self, settings: WorkerSettings) -> None:
        self.settings = settings
        self.stopping = asyncio.Event()
        self.waiting_for = "Kafka has not answered yet"
        self._app: WorkerApp | None = None
        self._publisher: SnapshotPublisher | None = None
        self._process = process_collectors()

    async def run(self) -> int:
        """Work until `stopping` is set or the worker refuses; PortTaken when its port is."""
        web = create_web_app(self._metrics, self._not_ready, _landing)
        server = await start_server(
            web, self.settings.host, self.settings.port, setting="TIDEGAUGE_WORKER_BIND"
        )
        log.info("serving /metrics, /healthz and /readyz on %s", server.url)
        try:
            return await self._work()
        except Refusal as refusal:
            log.error("%s", refusal)  # noqa: TRY400 - a sentence for an operator, not a traceback
            return EXIT_REFUSED
        finally:
            await server.stop()

    async def _work(self) -> int:
        source = await self._wait_for_kafka()
        if source is None:
            return 0
        settings = self.settings
        state = generation(settings.folding, source.topic_id)
        app = self._app = create_app(settings, source.partitions, state)
        app.source = source
        publisher = self._publisher = SnapshotPublisher(
            settings.redis_url, settings.redis_prefix, state
        )
        announced = Source.of(settings.folding, state, settings.topic, source.partitions)
        publishing = Publishing(app, publisher, announced)
        await self._start(app)
        loops = [asyncio.create_task(publishing.run()), asyncio.create_task(keep_watch(app))]
        try:
            await self._until_over(app, loops)
        finally:
            await app.stop()
            for loop in loops:
                loop.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await publisher.close()
        if app.refusal is not None:
            raise Refusal(app.refusal)
        if app.crash_reason is not None:
            log.error("Faust ended: %r; a supervisor may start the worker again", app.crash_reason)
            return EXIT_CRASHED
        return 0

    async def _start(self, app: WorkerApp) -> None:
        """Start the app; it comes back with its first partitions, or when told to stop before."""
        starting = asyncio.create_task(app.start())
        stopping = asyncio.create_task(self.stopping.wait())
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            await app.stop()
        await starting

    async def _until_over(self, app: WorkerApp, loops: list[asyncio.Task[None]]) -> None:
        """Wait until somebody stops the worker, it refuses, or a part of it has crashed."""
        ends = [
            asyncio.create_task(self.stopping.wait()),
            asyncio.create_task(app.ended.wait()),
            asyncio.create_task(app.wait_until_stopped()),
        ]
        await asyncio.wait([*ends, *loops], return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        for loop in loops:
            if loop.done():
                fail_stop("publishing or watching has crashed", loop.exception())

    async def _wait_for_kafka(self) -> topics.Source | None:
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
        collectors = [*self._process]
        if self._app is not None:
            collectors.append(WorkerCollector(self._app))
        if self._publisher is not None:
            collectors.append(PublisherCollector(self._publisher))
        return render(collectors, accept)

    async def _not_ready(self) -> list[str]:
        if self._app is None:
            return [self.waiting_for]
        reasons = not_ready(self._app, wall_clock())
        if self._publisher is not None and self._publisher.last_error:
            reasons.append(f"Redis does not answer: {self._publisher.last_error}")
        return reasons


async def _landing() -> str:
    return (
        "<!doctype html><html lang=en><title>tidegauge worker</title><h1>tidegauge worker</h1>"
        "<p><a href=/metrics>metrics</a> <a href=/healthz>healthz</a> <a href=/readyz>readyz</a>"
        "<p>Product metrics are served by the exporter.</html>"
    )


async def run_until_signalled(settings: WorkerSettings) -> int:
    """Run a worker that SIGTERM and SIGINT stop cleanly, with a last checkpoint."""
    gc.freeze()  # what was imported stays for good
    gc.set_threshold(NEW_OBJECTS_PER_COLLECTION)
    worker = Worker(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stopping.set)
    return await worker.run()
