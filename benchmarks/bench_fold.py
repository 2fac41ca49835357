"""Events per second from topic to Redis, beside reading the same topic and doing nothing with it.

    python benchmarks/bench_fold.py [--seconds 60] [--events N]

An embedded broker and Redis, a preloaded topic of 4 partitions, and the real worker with the whole
default catalogue: fold, durable changelog every second, Redis every 250 ms. Progress goes to
stderr; the last line on stdout is one JSON object. Exit code 1 when what stands in Redis at the
end is not what was sent, or when the worker was not measured for the seconds asked for.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.fold_run import FoldRun


def main() -> int:
    """Run the benchmark and print its figures."""
    result = FoldRun(_options()).run()
    print(json.dumps(result.figures()))
    return 0 if result.ledger_equal and result.long_enough else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--seconds", type=float, default=60, help="of steady folding to measure (default 60)"
    )
    parser.add_argument(
        "--events",
        type=int,
        help="size of the topic, rounded up to whole minutes of 120,000; by default as many as "
        "last for those seconds",
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
