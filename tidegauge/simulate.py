"""`tidegauge simulate`: realistic traffic into a topic, and the ledger of what it comes to."""

import argparse
import os
import signal
import threading
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from agents.settings import Refusal
from agents.topics import KafkaUnreachable, connect, describe
from tidegauge.settings import load_settings
from tidegauge.simulator.sender import SendError
from tidegauge.simulator.simulation import Simulation


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `simulate` to the command line."""
    parser = commands.add_parser(
        "simulate",
        parents=[shared],
        help="send realistic traffic to the topic; for trying and testing",
    )
    parser.add_argument("--rate", type=float, default=500, metavar="N", help="records a second")
    parser.add_argument(
        "--duration", type=float, metavar="SECONDS", help="until interrupted if not given"
    )
    parser.add_argument("--history-days", type=float, default=35, metavar="DAYS", help="0 for none")
    parser.add_argument("--history-events", type=int, default=40_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=Path, metavar="FILE", help="write every record sent here")
    parser.add_argument(
        "--ledger", type=Path, metavar="FILE", help="write the true counts here at the end"
    )
    parser.set_defaults(command=_simulate)


def _simulate(options: argparse.Namespace) -> int:
    settings = load_settings(options.config, os.environ)
    console = Console(stderr=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        simulation = Simulation(
            bootstrap=settings.kafka_bootstrap,
            topic=settings.kafka_topic,
            partitions=_partitions(settings.kafka_bootstrap, settings.kafka_topic),
            rate=options.rate,
            seed=options.seed,
            timezone=settings.reporting_timezone,
            history_days=options.history_days,
            history_events=options.history_events,
            events=options.events,
        )
        with simulation:
            _send(simulation, options, console, stop)
    except (SendError, KafkaUnreachable) as error:
        raise Refusal(str(error)) from error
    console.print(f"Sent {simulation.ledger.total():,} records")
    if options.ledger:
        simulation.ledger.save(options.ledger)
        console.print(f"The ledger is in {options.ledger}")
    return 0


def _send(
    simulation: Simulation, options: argparse.Namespace, console: Console, stop: threading.Event
) -> None:
    with Progress(console=console) as progress:
        if options.history_days and options.history_events:
            task = progress.add_task("History", total=None)
            simulation.run_history(
                lambda done, planned: progress.update(task, completed=done, total=planned)
            )
        planned = int(options.rate * options.duration) if options.duration else None
        task = progress.add_task(f"Live traffic, {options.rate:,.0f} a second", total=planned)
        simulation.run_live(
            duration_seconds=options.duration,
            stop=stop,
            progress=lambda done, _: progress.update(task, completed=done),
        )


def _partitions(bootstrap: str, topic: str) -> int:
    admin = connect(bootstrap)
    try:
        found = describe(admin, topic)
    finally:
        admin.close()
    if topic not in found:
        raise Refusal(
            f"there is no topic {topic!r} at {bootstrap}; create it with "
            "`tidegauge topics --partitions N`"
        )
    return len(found[topic]["partitions"])
