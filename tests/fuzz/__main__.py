"""Fuzzes surfaces one after the other: `make fuzz [SURFACE=] [SECONDS=] [RUNS=] [SEED=]`.

Each is a process of its own, so that what hangs or dies is seen from outside. Progress goes to
stderr; the last line on stdout is one JSON object. What broke a surface is left in `build/fuzz`.
Exit code 1 when something did.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.fuzz.surfaces import SURFACES

HANG_SECONDS = 20
MEMORY_MEGABYTES = 2_048
LONGEST_INPUT = 200_000
MEMORY = "/dev/shm"  # noqa: S108 - a file an input would wear a disk out
FOUND = Path("build", "fuzz")
COVERAGE = re.compile(r"cov: (\d+) ft: (\d+)")
RUNS = re.compile(r"(?:stat::number_of_executed_units:|Done)\s+(\d+)")


def main() -> int:
    """Fuzz and print the figures."""
    options = _options()
    chosen = options.surface.split(",") if options.surface else list(SURFACES)
    found = {name: _fuzz(name, options) for name in chosen}
    figures = {
        "inputs": sum(one["inputs"] for one in found.values()),
        "surfaces": found,
        "crashes": sum(one["crashes"] for one in found.values()),
        "hangs": sum(one["hangs"] for one in found.values()),
        "seed": options.seed,
    }
    print(json.dumps(figures))  # noqa: T201 - this is what it is for
    return 1 if figures["crashes"] or figures["hangs"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--surface", default="", help=", ".join(SURFACES))
    parser.add_argument("--seconds", type=int, default=60, help="a surface; 0: no limit")
    parser.add_argument("--runs", type=int, default=-1, help="inputs a surface; -1: no limit")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _fuzz(name: str, options: argparse.Namespace) -> dict[str, Any]:
    left = FOUND / name
    left.mkdir(parents=True, exist_ok=True)
    known = set(left.iterdir())
    with tempfile.TemporaryDirectory(prefix="tidegauge-fuzz-") as folder:
        corpus, tally = Path(folder, "corpus"), Path(folder, "tally")
        corpus.mkdir()
        for number, seed in enumerate(SURFACES[name]().seeds()):
            Path(corpus, str(number)).write_bytes(seed)
        log = _run(name, [str(tally), str(corpus), f"-artifact_prefix={left}/", *_limits(options)])
        outcomes = json.loads(tally.read_text("utf-8")) if tally.exists() else {}
    broken = sorted(path.name for path in set(left.iterdir()) - known)
    edges = [int(edges) for edges, _ in COVERAGE.findall(log)]
    return {
        "inputs": max((int(runs) for runs in RUNS.findall(log)), default=0),
        "edges": max(edges, default=0),
        "crashes": sum(one.startswith(("crash", "oom")) for one in broken),
        "hangs": sum(one.startswith("timeout") for one in broken),
        "outcomes": dict(sorted(outcomes.items())),
        "left": broken,
    }


def _limits(options: argparse.Namespace) -> Sequence[str]:
    return (
        f"-max_total_time={options.seconds}",
        f"-runs={options.runs}",
        f"-seed={options.seed}",
        f"-timeout={HANG_SECONDS}",
        f"-rss_limit_mb={MEMORY_MEGABYTES}",
        f"-max_len={LONGEST_INPUT}",
        "-print_final_stats=1",
    )


def _run(name: str, arguments: Sequence[str]) -> str:
    """What libFuzzer says, which is passed on."""
    command = [sys.executable, "-m", "tests.fuzz.child", name, *arguments]
    told = []
    with subprocess.Popen(
        command,
        stderr=subprocess.STDOUT,
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
        env=os.environ
        | {"PYTHONHASHSEED": "0"}
        | ({"TMPDIR": MEMORY} if Path(MEMORY).exists() else {}),
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            sys.stderr.write(line)
    return "".join(told)


if __name__ == "__main__":
    sys.exit(main())
