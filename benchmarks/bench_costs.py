"""What running it costs, as curves: delay, traffic, memory and time over what is turned up.

    python benchmarks/bench_costs.py [--only freshness,traffic,...] [--scale 1] [--record]

Each curve (`benchmarks/costs/`) is measured in a process of its own, on the real classes and real
processes: a real Kafka where Java and Maven are there, else the embedded broker. Progress goes to
stderr; the last line on stdout is one JSON object. Exit code 1 when a bound does not hold or a
curve could not be measured. With --record the figures, charts and tables in docs/ are written.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.costs.page import record
from benchmarks.costs.registry import CURVES, CurveFailed, measure


def main() -> int:
    """Measure the curves in turn and print what they came to."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # and clean up
    curves, failed = {}, []
    for name in options.only:
        print(name, file=sys.stderr, flush=True)
        try:
            curves[name] = measure(name, options.scale)
        except CurveFailed as why:
            failed.append(name)
            print(why, file=sys.stderr, flush=True)
    if options.record:
        record(curves, options.scale)
    is_within = not failed and all(curve.is_within for curve in curves.values())
    figures = {name: curve.figures() for name, curve in curves.items()}
    print(json.dumps({"within": is_within, "curves": figures, "failed": failed}))
    return 0 if is_within else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", type=_names, default=list(CURVES), help=", ".join(CURVES))
    parser.add_argument("--scale", type=float, default=1, help="of all sizes, to try it quickly")
    parser.add_argument("--record", action="store_true", help="write what came out to docs/")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in CURVES]:
        raise argparse.ArgumentTypeError(f"no curve is named {unknown[0]!r}")
    return names


if __name__ == "__main__":
    sys.exit(main())
