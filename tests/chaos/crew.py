"""Workers under a supervisor, who starts again who stopped at once rather than count wrongly."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from agents.fail_stop import EXIT_CODE
from agents.worker import EXIT_CRASHED
from tests.chaos.line import Line
from tests.integration.crew import Crew
from tests.integration.pipeline import Service

PAUSE_SECONDS = 0.25
T = TypeVar("T")
log = logging.getLogger("tests.chaos")

RESTARTED = {EXIT_CODE: "fail-stop", EXIT_CRASHED: "crash of Faust"}


class Supervised(Crew):
    """As `Crew`; who ended by itself is counted by why it did."""

    def __init__(self, line: Line, *names: str) -> None:
        self.reasons: Counter[str] = Counter()
        """Why workers ended by themselves, and how often."""
        super().__init__(line, *names)

    def start(self, name: str, **more: str) -> Service:
        """Start a worker; one of the same name must have ended."""
        self.starts += 1
        self.services[name] = self.line.worker(instance=name, **more)
        return self.services[name]

    def wait_for(self, what: str, condition: Callable[[], T], seconds: float = 150) -> T:
        """As `Crew.wait_for`, but not so often that asking is the load."""

        def asked() -> T:
            time.sleep(PAUSE_SECONDS)
            return condition()

        return super().wait_for(what, asked, seconds)

    def tend(self) -> None:
        """Start again who ended as a supervisor expects; nobody else may have ended."""
        for name, service in list(self.services.items()):
            if service.running():
                continue
            code = service.wait(0)
            tail = service.log()[-3000:]
            assert code in RESTARTED, f"worker {name} ended with {code}:\n{tail}"
            self.fail_stops += 1
            self.reasons[_reason(RESTARTED[code], tail)] += 1
            log.info("worker %s: %s", name, _reason(RESTARTED[code], tail))
            self.start(name)


def _reason(how: str, log_of_it: str) -> str:
    """The last thing that a worker said of its end."""
    said = [line for line in log_of_it.splitlines() if "CRITICAL" in line or "Faust ended" in line]
    return f"{how}: {said[-1].partition(': ')[2]}" if said else how
