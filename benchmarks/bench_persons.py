"""What a million persons cost one worker: memory, time to take what is told of them, recovery.

    python benchmarks/bench_persons.py [--persons 1000000] [--days 30]

An embedded broker and Redis, a facts topic with a month of a crowd (`benchmarks/crowd.py`), and the
real worker, both of its apps running, its source empty. Told of everything, it is stopped and
started again: then it reads its snapshots, and the facts that came after them. Progress goes to
stderr; the last line on stdout is one JSON object. Exit code 1 when what stands in Redis at the end
is not the crowd.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.persons_run import PersonsRun


def main() -> int:
    """Run the benchmark and print its figures."""
    options = _options()
    figures = PersonsRun(options.persons, options.days).run()
    print(json.dumps(figures))
    return 0 if figures["crowd_equal"] else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--persons", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
