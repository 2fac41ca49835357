"""Replays schedules, telling every step: `python -m tests.simulation SEED...`."""

import sys

import pytest

from tests.simulation.schedule import Schedule
from tests.simulation.small_world import a_folding, shrink
from tests.simulation.truth import Wrong


def main() -> None:
    """Replay the seeds that are given."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        for seed in map(int, sys.argv[1:]):
            replay(seed)


def replay(seed: int) -> None:
    """Replay one schedule; what is wrong with it is told last."""
    schedule = Schedule(a_folding(), seed)
    try:
        schedule.run()
    except Wrong as wrong:
        outcome = f"WRONG: {wrong}"
    else:
        outcome = "as it should be"
    sys.stdout.write("\n".join([f"seed {seed}:", *schedule.cluster.trace, outcome, ""]))


if __name__ == "__main__":
    main()
