"""`make chaos SEED= MINUTES= RATE= RULE_OFF=`: one run; its last line is one JSON object."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections import Counter

from tests.chaos.faults import KINDS
from tests.chaos.rules import RULES
from tests.chaos.run import Report, run

ENDED = 128 + signal.SIGTERM


def main() -> int:
    """Run; 0 if all is as it should be, 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--rate", type=int, default=150, help="records a second")
    parser.add_argument("--rule-off", default="", choices=("", *RULES))
    parser.add_argument("--only", action="append", choices=tuple(KINDS), help="kinds of faults")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))  # everything is cleaned up
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stdout)
    logging.getLogger("tests").setLevel(logging.INFO)
    for name in set(KINDS) - set(options.only or KINDS):
        del KINDS[name]
    report = run(options.seed, options.minutes, options.rate, options.rule_off)
    sys.stdout.write("\n".join(told(report)) + "\n")
    return 1 if report.all_wrong else 0


def told(report: Report) -> list[str]:
    """The lines of a report, the object last."""
    found = report.judgement
    kinds = Counter(one.kind for one in report.happened)
    return [
        f"seed {report.seed}, rule off: {report.rule_off or 'none'}",
        *map(str, report.happened),
        *(f"skipped {text}" for text in report.skipped),
        *(f"{count} x {kind}" for kind, count in sorted(kinds.items())),
        *(f"{count} x ended by itself, {why}" for why, count in report.fail_stops.items()),
        f"outcomes {found.outcomes}",
        f"{found.windows_compared} panes and series compared, {found.counts_compared} counts",
        f"{found.rows_judged} rows of the changelog judged",
        f"{found.sights} scrapes compared, {found.pairs} pairs of two exporters at one snapshot",
        f"{found.back} times as_of was earlier than before",
        *(f"WRONG: {text}" for text in report.all_wrong[:40]),
        "verdict: "
        + (f"{len(report.all_wrong)} things are wrong" if report.all_wrong else "right"),
        report.line(),
    ]


if __name__ == "__main__":
    sys.exit(main())
