"""A worker or exporter beside the process that started it: ends with it, and says why it ended."""

import os
import sys
from collections.abc import Mapping

from tidegauge.loopback_server import LoopbackServer
from tidegauge.settings import ENVIRONMENT


class LocalService(LoopbackServer):
    """`tidegauge worker` or `tidegauge exporter`, told everything by `settings`.

    Their keys are names of environment variables without TIDEGAUGE_; nothing else of tidegauge's
    own is inherited. `start()` does not wait for an answer: services start side by side.
    """

    stop_seconds_max = 20.0

    def __init__(self, name: str, port: int, settings: Mapping[str, str]) -> None:
        super().__init__()
        self.name, self.port, self._settings = name, port, settings

    def command(self) -> list[str]:
        """Run it with the Python that runs us."""
        return [sys.executable, "-m", "tidegauge", self.name]

    def environment(self) -> dict[str, str]:
        """Say everything in variables."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(ENVIRONMENT)}
        return inherited | {ENVIRONMENT + key: value for key, value in self._settings.items()}

    def check(self) -> None:
        """Raise ServerFailed, with the end of its log, when it has ended by itself."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            raise self._failure(f"ended by itself with {code}")

    def _answers(self) -> bool:
        return True
