"""The same job in tidegauge and in other stream processors, in turn, beside reading alone.

    python benchmarks/bench_peers.py [--rounds 5] [--only faust_windowed,quixstreams,...] [--record]

A real Kafka where Java and Maven are there, else the embedded broker; the same seeded records for
all, fewer of them for the slower; each result checked against a recount. Progress goes to stderr;
the last line on stdout is one JSON object. With --record the figures, page and chart in docs/ are
written; without, the ratios are compared with those that were recorded, and the exit code is 1 when
one fell twice by more than its spread explains, or when a result was not right.
"""

import argparse
import json
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.peers.comparison import Comparison
from benchmarks.peers.figures import better, fallen
from benchmarks.peers.page import RECORDED, write
from benchmarks.peers.peer import PEERS

MINUTES = 16
"""Simulated ones: 1.9 million records."""


def main() -> int:
    """Measure, then record or compare."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # and clean up
    if options.record:
        figures = Comparison(options).run()
        write(figures)
        print(json.dumps(figures))
        return 0 if figures["results_equal"] else 1
    recorded = _recorded() if options.scale == 1 else {}
    found, told = compared(Comparison(options).run, recorded)
    for line in told:
        print(line, file=sys.stderr)
    print(json.dumps(found))
    return 0 if found["results_equal"] and not told else 1


def compared(
    measure: Callable[[], dict[str, Any]], recorded: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """What came out, and what is wrong with it; what fell is measured once more, with all else.

    `recorded` is the spread of each ratio with which it is compared.
    """
    found = measure()
    ratios, is_equal, left_out = found["ratios"], found["results_equal"], found["left_out"]
    fell = list(fallen(ratios, recorded))
    if fell:
        print(*fell, "Measuring once more", sep="\n", file=sys.stderr)
        again = measure()
        ratios, left_out = better(ratios, again["ratios"]), left_out | again["left_out"]
        is_equal &= again["results_equal"]
        fell = list(fallen(ratios, recorded))
    told = [f"{name} was not measured: {why}" for name, why in left_out.items()] + fell
    return {"ratios": ratios, "results_equal": is_equal}, told


def _recorded() -> Mapping[str, Any]:
    if not RECORDED.exists():
        return {}
    figures: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return figures["spread_of_ratios"]  # type: ignore[no-any-return]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [peer.name for peer in PEERS]
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", type=lambda text: text.split(","), default=names)
    parser.add_argument("--minutes", type=int, default=MINUTES, help="of traffic, for tidegauge")
    parser.add_argument("--scale", type=float, default=1, help="of all sizes, to try it quickly")
    parser.add_argument("--variants", action="store_true", help="once more without durability")
    parser.add_argument("--record", action="store_true", help="write what came out to docs/")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
