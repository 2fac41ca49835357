"""`tidegauge demo`: the whole pipeline on this machine, embedded servers and simulated traffic.

A broker and a Redis-compatible server from wheels, one worker, one exporter, 35 days of thinned
history, then live traffic. It ends with gauge against ledger: exit code 1 if one series differs.
"""

import argparse
import contextlib
import signal
import threading
import time
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.progress import Progress

from agents.brokers import Brokers
from agents.settings import Refusal
from agents.topics import KafkaUnreachable, administration, create
from streams.folding import hash_person
from streams.outcomes import OUTCOMES
from tidegauge.arguments import DURATION_SECONDS_MAX, RATE_MAX, number, output_file, whole
from tidegauge.board import Board, comparison_table, difference_table, estimates, health
from tidegauge.comparison import Row, compare
from tidegauge.embedded import EmbeddedBroker, EmbeddedRedis, EmbeddedServersMissing
from tidegauge.interruption import stopped_by
from tidegauge.local_service import LocalService
from tidegauge.loopback_server import ServerFailed
from tidegauge.scrape import Scrape, scrape
from tidegauge.services import check_port
from tidegauge.setting_kinds import LARGEST_PORT
from tidegauge.settings import Settings
from tidegauge.simulator.sender import SendError
from tidegauge.simulator.simulation import Simulation

PARTITIONS = 4
SETTLE_SECONDS = 60.0
LAUNCH_DAYS = 3.0
"""How long ago the launch began that the boards show."""
POLL_SECONDS = 1.0
LINE_EVERY_SECONDS = 5.0


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `demo` to the command line."""
    parser = commands.add_parser(
        "demo", parents=[shared], help="watch the whole pipeline work on this machine"
    )
    parser.add_argument(
        "--duration",
        type=number(0.001, DURATION_SECONDS_MAX),
        metavar="SECONDS",
        help="of live traffic; until interrupted if not given",
    )
    parser.add_argument(
        "--rate", type=number(0.001, RATE_MAX), default=500, metavar="N", help="records a second"
    )
    parser.add_argument(
        "--port",
        type=whole(1, LARGEST_PORT - 1),
        default=9480,
        help="of /metrics; the worker's is next",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the simulated traffic")
    parser.add_argument(
        "--events", type=output_file, metavar="FILE", help="write every record sent here"
    )
    parser.set_defaults(command=_demo)


def _demo(options: argparse.Namespace) -> int:
    console = Console(soft_wrap=True)
    for port in (options.port, options.port + 1):
        check_port("127.0.0.1", port, "--port (with make: PORT=)")
    try:
        with Demo(console, options) as demo:
            return demo.run()
    except (EmbeddedServersMissing, ServerFailed, SendError, KafkaUnreachable) as error:
        raise Refusal(str(error)) from error
    except OSError as error:  # a full disk under the events file or the temporary folders
        raise Refusal(f"the system refuses: {error}") from error


class Demo:
    """One run; everything it starts ends with it."""

    def __init__(self, console: Console, options: argparse.Namespace) -> None:
        self._console, self._options = console, options
        self._stack = contextlib.ExitStack()
        self._began = time.monotonic()
        self._first_gauge: float | None = None
        self._url = f"http://127.0.0.1:{options.port}/metrics"
        self._services: list[LocalService] = []

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self) -> int:
        """History, live traffic, comparison; returns the exit code."""
        with self._simulation as simulation:
            self._send_history(simulation)
            self._console.print(
                f"Metrics for Prometheus: [bold]{self._url}[/]  Page: "
                f"[bold]{self._url.removesuffix('metrics')}[/]"
            )
            with stopped_by(signal.SIGINT) as stop:
                self._watch(simulation, stop)
            self._console.print("Traffic stopped; waiting until everything sent is counted.")
            final = self._settle(simulation)
            return self._conclude(simulation, final)

    def _start(self) -> None:
        enter = self._stack.enter_context
        self._console.print("Starting a broker and a Redis-compatible server (embedded, in memory)")
        broker, redis = enter(EmbeddedBroker()), enter(EmbeddedRedis())
        kafka = Brokers(broker.bootstrap)
        with administration(kafka) as admin:
            create(admin, Settings.kafka_topic, PARTITIONS, 1, {})
        settings = {
            "KAFKA_BOOTSTRAP": broker.bootstrap,
            "KAFKA_IDEMPOTENT": "false",  # the embedded broker cannot
            "REDIS_URL": redis.url,
            "WORKER_BIND": f"127.0.0.1:{self._options.port + 1}",
            "WORKER_SESSION_SECONDS": "6",
            "EXPORTER_BIND": f"127.0.0.1:{self._options.port}",
        }
        for name, port in (("worker", self._options.port + 1), ("exporter", self._options.port)):
            self._services.append(enter(LocalService(name, port, settings)))
        self._simulation = Simulation(
            kafka=kafka,
            topic=Settings.kafka_topic,
            partitions=PARTITIONS,
            rate=self._options.rate,
            seed=self._options.seed,
            launch_days=LAUNCH_DAYS,
            events=self._options.events,
        )

    def _send_history(self, simulation: Simulation) -> None:
        silent = not self._console.is_terminal
        with Progress(console=self._console, transient=True, disable=silent) as progress:
            task = progress.add_task("Sending 35 days of thinned history", total=None)
            simulation.run_history(
                lambda done, planned: progress.update(task, completed=done, total=planned)
            )
        self._console.print(f"Sent {simulation.ledger.total():,} records of history")

    def _watch(self, simulation: Simulation, stop: threading.Event) -> None:
        """Send live traffic in a thread and show the numbers until it is over."""
        failures: list[BaseException] = []

        def send() -> None:
            try:
                simulation.run_live(duration_seconds=self._options.duration, stop=stop)
            except BaseException as error:  # noqa: BLE001 - raised again below, in the main thread
                failures.append(error)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        try:
            self._show_until(lambda: not sender.is_alive(), simulation)
        finally:
            stop.set()
            sender.join()
        if failures:
            raise failures[0]

    def _show_until(self, over: Any, simulation: Simulation) -> None:
        board = Board()
        live = (
            Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        )
        next_line = time.monotonic()
        with live or contextlib.nullcontext():
            while not over():
                scraped = self._scrape()
                board.observe(scraped)
                sent = simulation.ledger.total()
                if live:
                    live.update(board.render(scraped, sent, self._console.width), refresh=True)
                elif time.monotonic() >= next_line:
                    next_line += LINE_EVERY_SECONDS
                    self._console.print(health(scraped, sent))
                time.sleep(POLL_SECONDS)

    def _scrape(self) -> Scrape:
        for service in self._services:
            service.check()
        scraped = scrape(self._url)
        if scraped.up and self._first_gauge is None:
            self._first_gauge = time.monotonic() - self._began
            self._console.print(f"First gauges after {self._first_gauge:.0f} s")
        return scraped

    def _settle(self, simulation: Simulation) -> Scrape:
        """Wait until the exporter shows everything that was sent.

        That is when all records are read and all parts are told up to an instant after the last.
        """
        deadline, stopped_at = time.monotonic() + SETTLE_SECONDS, time.time() * 1000
        while True:
            scraped = self._scrape()
            has_read = scraped.up and scraped.sum("read_offset") == simulation.ledger.total()
            if has_read and scraped.as_of > stopped_at:
                return scraped
            if time.monotonic() > deadline:
                self._console.print(
                    f"After {SETTLE_SECONDS:.0f} s {scraped.sum('read_offset'):,.0f} of "
                    f"{simulation.ledger.total():,} records are counted; "
                    f"{simulation.unexplained_records} more are in the topic than were sent",
                    style="bold red",
                )
                return scraped
            time.sleep(POLL_SECONDS / 4)

    def _conclude(self, simulation: Simulation, final: Scrape) -> int:
        key = Settings.person_hash_key.encode()
        rows = compare(final, simulation.ledger, lambda person: hash_person(person, key))
        rows += _outcome_rows(final, simulation)
        wrong = [row for row in rows if not row.equal]
        self._console.print(comparison_table(rows))
        for sentence in estimates(rows):
            self._console.print(sentence, style="dim")
        total = simulation.ledger.total()
        if wrong:
            self._console.print(difference_table(wrong))
            self._console.print(f"{len(wrong)} of {len(rows)} series differ", style="bold red")
            return 1
        self._console.print(
            f"{len(rows)} series, {total:,} records: every gauge equals the ledger", style="green"
        )
        return 0


def _outcome_rows(final: Scrape, simulation: Simulation) -> list[Row]:
    rows = []
    for outcome in OUTCOMES:
        true = float(simulation.ledger.total(outcome))
        gauge = final.sum("records_total", outcome=outcome)
        rows.append(Row(("records_total", (("outcome", outcome),)), gauge, true, true))
    return rows
