"""Workers under a supervisor: one that ended by itself, as a fail-stop does, is started again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from agents.fail_stop import EXIT_CODE
from tests.integration.pipeline import Pipeline, Service, wait_for

log = logging.getLogger("tests.crew")
T = TypeVar("T")


class Crew:
    """The workers that should run now, by the name of their instance."""

    def __init__(self, line: Pipeline, *names: str) -> None:
        self.line = line
        self.fail_stops = 0
        self.starts = 0
        self.services: dict[str, Service] = {}
        for name in names:
            self.start(name)

    def start(self, name: str) -> Service:
        """Start a worker; one of the same name must have ended."""
        self.starts += 1
        self.services[name] = self.line.worker(instance=name)
        return self.services[name]

    def tend(self) -> None:
        """Start again who stopped at once rather than count wrongly; nobody else may have ended."""
        for name, service in list(self.services.items()):
            if not service.running():
                code = service.wait(0)
                assert code == EXIT_CODE, f"worker {name} ended with {code}:\n{service.log()}"
                self.fail_stops += 1
                self.start(name)

    def wait_for(self, what: str, condition: Callable[[], T], seconds: float = 150) -> T:
        """Wait as `wait_for` does, and tend the crew meanwhile."""

        def tended() -> T:
            self.tend()
            return condition()

        return wait_for(what, tended, seconds)

    def shares(self) -> dict[str, dict[int, int]]:
        """Who owns which partitions, and the next offset of each."""
        return {name: service.read_offsets() for name, service in self.services.items()}

    def offsets(self) -> dict[int, int]:
        """Next offset of every partition that is owned; where two own one, the larger."""
        found: dict[int, int] = {}
        for share in self.shares().values():
            for number, offset in share.items():
                found[number] = max(offset, found.get(number, 0))
        return dict(sorted(found.items()))

    def is_settled(self) -> bool:
        """Whether everybody owns something, and every partition has one owner."""
        shares = self.shares().values()
        owned = sorted(number for share in shares for number in share)
        return all(shares) and owned == list(range(self.line.partitions))

    def settle(self) -> None:
        """Wait until everybody owns something, and every partition has one owner."""
        try:
            self.wait_for("every partition has an owner", self.is_settled)
            log.info("%s", self.shares())
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.shares()}") from None

    def stop(self) -> dict[str, int]:
        """Exit codes after SIGTERM to all."""
        for service in self.services.values():
            service.terminate()
        return {name: service.wait(30) for name, service in self.services.items()}

    def __str__(self) -> str:
        return f"{self.starts} starts of workers, {self.fail_stops} of them after a fail-stop"
