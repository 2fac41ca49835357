"""How far a worker is, by its own /metrics."""

import time
import urllib.error
import urllib.request
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families


class Moment(NamedTuple):
    """What the worker had done at a moment."""

    seconds: float
    """Of the monotonic clock."""
    offsets: dict[str, int]
    """Next offset to fold, by partition."""
    cpu_seconds: float
    recovery_seconds: float
    """How long the last recovery took; 0 before the first."""
    resident_bytes: float
    """Memory it takes."""

    @property
    def folded(self) -> int:
        """Records folded so far."""
        return sum(self.offsets.values())


def ask(port: int) -> Moment | None:
    """Ask a worker; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            now, text = time.monotonic(), answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None
    offsets: dict[str, int] = {}
    cpu_seconds = recovery_seconds = resident_bytes = 0.0
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "tidegauge_worker_read_offset":
                offsets[sample.labels["partition"]] = int(sample.value)
            elif sample.name == "process_cpu_seconds_total":
                cpu_seconds = sample.value
            elif sample.name == "tidegauge_worker_recovery_seconds":
                recovery_seconds = sample.value
            elif sample.name == "process_resident_memory_bytes":
                resident_bytes = sample.value
    return Moment(now, offsets, cpu_seconds, recovery_seconds, resident_bytes)
