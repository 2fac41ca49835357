"""`tidegauge`: one command, a sub-command for everything it does."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from agents.settings import Refusal
from exporters.http import CannotListen
from streams.schema import ConfigurationError
from tidegauge import (
    boards,
    check,
    demo,
    forget,
    history,
    import_subscribers,
    launch,
    metrics,
    replay,
    services,
    simulate,
    topics,
)

CONFIGURED = (
    services,
    simulate,
    check,
    metrics,
    boards,
    topics,
    import_subscribers,
    launch,
    forget,
    replay,
    history,
)
"""Commands that take a configuration."""
EXIT_CONFIGURATION = 2
EXIT_INTERRUPTED = 130
LIBRARIES = {
    # Faust speaks through our classes too, hence `agents`; our own lines are of `tidegauge`.
    **dict.fromkeys(("agents", "faust", "mode", "aiohttp"), logging.ERROR),
    # Every refused connection would be an error; what matters of it we say ourselves.
    **dict.fromkeys(("aiokafka", "kafka"), logging.CRITICAL),
}
QUOTE_RECORDS = (
    "aiokafka.conn",
    "aiokafka.producer.producer",
    "kafka.producer",
    "kafka.net.connection",
    "kafka.protocol.parser",
)
"""They log what is sent and fetched, byte by byte. `--verbose` does not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. What an operator can mend is a line, no traceback."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.DEBUG if options.verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    quiet = dict.fromkeys(QUOTE_RECORDS, logging.INFO) if options.verbose else LIBRARIES
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)
    try:
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except ConfigurationError as error:
        print("the configuration cannot be used:", file=sys.stderr)  # noqa: T201
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)  # noqa: T201
        return EXIT_CONFIGURATION
    except (Refusal, CannotListen) as error:
        print(f"tidegauge: {error}", file=sys.stderr)  # noqa: T201
        return EXIT_CONFIGURATION
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tidegauge",
        description="Live product metrics from a Kafka topic of product events.",
    )
    verbose = argparse.ArgumentParser(add_help=False)
    verbose.add_argument("--verbose", action="store_true", help="log what the libraries do too")
    shared = argparse.ArgumentParser(add_help=False, parents=[verbose])
    shared.add_argument("--config", metavar="FILE", help="settings and metrics, as TOML")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo.add_commands(commands, verbose)  # its ledger knows the shipped metrics only: no --config
    for module in CONFIGURED:
        module.add_commands(commands, shared)
    return parser


if __name__ == "__main__":
    sys.exit(main())
