"""Workers under a supervisor, who starts again who stopped at once rather than count wrongly."""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from agents.fail_stop import EXIT_CODE
from agents.worker import EXIT_CRASHED
from tests.integration.crew import Crew
from tests.integration.pipeline import Service

log = logging.getLogger("tests.chaos")

RESTARTED = {EXIT_CODE: "fail-stop", EXIT_CRASHED: "crash of Faust"}


class Supervised(Crew):
    """As `Crew`; who ended by itself is counted by why it did."""

    line: Any
    ended: Counter[str]

    def start(self, name: str, **more: str) -> Service:
        """Start a worker; one of the same name must have ended."""
        self.starts += 1
        self.services[name] = self.line.worker(instance=name, **more)
        return self.services[name]

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

    @property
    def reasons(self) -> Counter[str]:
        """Why workers ended by themselves, and how often."""
        if "ended" not in self.__dict__:
            self.ended = Counter()
        return self.ended


def _reason(how: str, log_of_it: str) -> str:
    """The last thing that a worker said of its end."""
    said = [line for line in log_of_it.splitlines() if "CRITICAL" in line or "Faust ended" in line]
    return f"{how}: {said[-1].partition(': ')[2]}" if said else how
