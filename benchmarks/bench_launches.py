"""What is said of launches whose effect is known: how often it is right, and how narrow it is.

    python benchmarks/bench_launches.py [--seeds N]

The table is Markdown; the last line on stdout is one JSON object.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.launched import CASES


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=100, help="launches of each kind (100)")
    seeds = range(parser.parse_args().seeds)
    print("| events an hour | effect | after hours | contained | called one | width / ideal |")
    print("|---|---|---|---|---|---|")
    figures = []
    for case in CASES:
        found = case.judge(seeds)
        row = f"| {case.per_hour:,.0f} | {case.factor - 1:+.0%} | {case.hours} | {found.hits}"
        print(f"{row} of {len(seeds)} | {found.said} of {len(seeds)} | {found.width:.2f} |")
        figures.append(case._asdict() | found._asdict())
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
