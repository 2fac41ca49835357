"""Which spikes and drops are found, how soon, and how often somebody is woken for nothing.

    python benchmarks/bench_spikes.py [--seeds N]

A simulated year at each of several volumes (`benchmarks/year.py`), watched by the detector, by a
fixed threshold, by PromQL's usual comparison with the week before, and by Prophet, which
`make bench-spikes` installs. The table is Markdown; the last line on stdout is one JSON object.
Exit code 1 when an outage raised an alarm of ours.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run as a file, from anywhere

from benchmarks.forecaster import prophet
from benchmarks.watch import Watch, watch
from benchmarks.watchers import WATCHERS
from benchmarks.year import FACTORS, simulate

PER_HOUR = (4, 20, 80, 600, 6_000)
WATCHED_BY = WATCHERS | {"Prophet": prophet}
GAINS = FACTORS[::-1]


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=1, help="years of each volume (default 1)")
    seeds = range(1, parser.parse_args().seeds + 1)
    print("| events an hour | watcher |", *(f"x{gain:.2g} |" for gain in GAINS), end=" ")
    print("false alarms a month | alarms in outages |")
    print("|---" * (4 + len(GAINS)) + "|")
    figures = []
    for per_hour in PER_HOUR:
        years = [simulate(per_hour, seed) for seed in seeds]
        for name, watcher in WATCHED_BY.items():
            found = Watch.together(watch(year, watcher(year)) for year in years)
            print(f"| {per_hour:,} | {name} |", *map(found.cell, GAINS), end=" ")
            print(
                f"{found.false_a_month:.2f} | {found.in_outages} of {found.outages} |", flush=True
            )
            figures.append({"per_hour": per_hour, "watcher": name, **found.figures()})
    print(json.dumps(figures))
    return int(any(f["in_outages"] for f in figures if f["watcher"] == "tidegauge"))


if __name__ == "__main__":
    sys.exit(main())
