"""Runs a schedule; what is wrong with it names its seed."""

from typing import Protocol, TypeVar

import pytest

from tests.simulation.truth import Wrong


class Told(Protocol):
    """A seeded schedule that tells its steps."""

    @property
    def trace(self) -> list[str]:
        """The steps so far."""

    def run(self) -> None:
        """Run to the end; raises Wrong where a promise is broken."""


T = TypeVar("T", bound=Told)


def hold(schedule: T, seed: str) -> T:
    """Run it to its end, or fail with its steps; `seed` says how it is told again."""
    try:
        schedule.run()
    except Wrong as wrong:
        pytest.fail("\n".join([f"seed {seed}:", *schedule.trace, str(wrong)]), pytrace=False)
    return schedule
