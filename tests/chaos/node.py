"""One Kafka process that can be frozen, killed and waited for; its data stays."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

from tests.chaos.process_state import state_of
from tests.integration.pipeline import wait_for
from tests.kafka_server import CLUSTER_ID, LOG_OPTION, java_binary, kafka_libraries
from tidegauge.embedded import KAFKA_ANSWER, KAFKA_QUESTION
from tidegauge.loopback_server import LoopbackServer

JAVA_OPTIONS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


class Node(LoopbackServer):
    """One Kafka process; `settings` are its own beside the common ones."""

    question, answer = KAFKA_QUESTION, KAFKA_ANSWER
    start_seconds_max = 120.0
    stop_seconds_max = 30.0

    def __init__(self, node: int, heap_megabytes: int, data: Path) -> None:
        super().__init__()
        self.node, self.data = node, data
        self.name = f"Kafka node {node}"
        self._heap = ["-Xms64m", f"-Xmx{heap_megabytes}m"]
        self._java, self._libraries = java_binary(), kafka_libraries()

    def format(self, settings: str) -> None:
        """Prepare the data folder."""
        properties = self.data / "server.properties"
        properties.write_text(settings)
        command = [*self._program("kafka.tools.StorageTool"), "format", "-t", CLUSTER_ID]
        subprocess.run([*command, "-c", properties], check=True, capture_output=True, timeout=180)

    def command(self) -> list[str]:
        return [*self._program("kafka.Kafka"), str(self.data / "server.properties")]

    def _program(self, name: str) -> list[str]:
        libraries = ["-cp", f"{self._libraries}/*"]
        return [self._java, *self._heap, *JAVA_OPTIONS, LOG_OPTION, *libraries, name]

    @property
    def running(self) -> bool:
        """Whether it has been started and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def wait(self, seconds: float) -> int | None:
        """Its exit code once it has ended by itself; None when it has not by then."""
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def freeze(self) -> None:
        """Let it stand still; returns once it does."""
        self.send_signal(signal.SIGSTOP)
        wait_for("the broker stands still", lambda: self.state() == "T", 5)

    def thaw(self) -> None:
        """Let it go on."""
        self.send_signal(signal.SIGCONT)

    def state(self) -> str:
        """Its state as the system tells it: T while it stands still."""
        assert self._process is not None
        return state_of(self._process.pid)
