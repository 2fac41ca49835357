"""`tidegauge simulate`: realistic traffic into a topic, and the ledger of what it comes to."""

import argparse
import os
import signal
from typing import Any

from rich.console import Console
from rich.progress import Progress

from agents.settings import Refusal
from agents.topics import KafkaUnreachable, count_partitions
from tidegauge.arguments import DURATION_SECONDS_MAX, RATE_MAX, number, output_file, whole
from tidegauge.assembly import load_checked
from tidegauge.interruption import stopped_by
from tidegauge.kafka_door import brokers
from tidegauge.simulator.sender import SendError
from tidegauge.simulator.simulation import Simulation


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `simulate` to the command line."""
    parser = commands.add_parser(
        "simulate",
        parents=[shared],
        help="send realistic traffic to the topic; for trying and testing",
    )
    parser.add_argument(
        "--rate", type=number(0.001, RATE_MAX), default=500, metavar="N", help="records a second"
    )
    parser.add_argument(
        "--duration",
        type=number(0, DURATION_SECONDS_MAX),
        metavar="SECONDS",
        help="of live traffic, 0 for none; until interrupted if not given",
    )
    parser.add_argument(
        "--history-days", type=number(0, 366), default=35, metavar="DAYS", help="0 for none"
    )
    parser.add_argument(
        "--history-events",
        type=whole(0, 100_000_000),
        default=40_000,
        metavar="N",
        help="records spread over these days, 0 for none",
    )
    parser.add_argument("--seed", type=int, default=1, help="the same one gives the same traffic")
    parser.add_argument(
        "--events", type=output_file, metavar="FILE", help="write every record sent here"
    )
    parser.add_argument(
        "--ledger", type=output_file, metavar="FILE", help="write the true counts here at the end"
    )
    parser.set_defaults(command=_simulate)


def _simulate(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ)
    kafka = brokers(settings)
    console = Console(stderr=True)
    try:
        simulation = Simulation(
            kafka=kafka,
            topic=settings.kafka_topic,
            partitions=count_partitions(kafka, settings.kafka_topic),
            rate=options.rate,
            seed=options.seed,
            timezone=settings.reporting_timezone,
            history_days=options.history_days,
            history_events=options.history_events,
            events=options.events,
        )
        with simulation:
            _send(simulation, options, console)
    except (SendError, KafkaUnreachable) as error:
        raise Refusal(str(error)) from error
    except OSError as error:  # a full disk under the events file
        raise Refusal(f"the system refuses: {error}") from error
    console.print(f"Sent {simulation.ledger.total():,} records")
    if options.ledger:
        simulation.ledger.save(options.ledger)
        console.print(f"The ledger is in {options.ledger}", markup=False)
    return 0


def _send(simulation: Simulation, options: argparse.Namespace, console: Console) -> None:
    with Progress(console=console) as progress:
        if options.history_days and options.history_events:
            task = progress.add_task("History", total=None)
            simulation.run_history(
                lambda done, planned: progress.update(task, completed=done, total=planned)
            )
        # From here on an end is a good end, with a ledger; a history cut short is none.
        planned = int(options.rate * options.duration) if options.duration else None
        task = progress.add_task(f"Live traffic, {options.rate:,.0f} a second", total=planned)
        with stopped_by(signal.SIGTERM, signal.SIGINT) as stop:
            simulation.run_live(
                duration_seconds=options.duration,
                stop=stop,
                progress=lambda done, _: progress.update(task, completed=done),
            )
