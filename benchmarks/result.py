"""What the benchmark found out."""

import statistics
from dataclasses import dataclass, field

from benchmarks.recovery_run import Recovery


@dataclass
class Result:
    """Figures of one run; rates are per second."""

    reading_runs: list[float] = field(default_factory=list)
    events: int = 0
    bytes_per_event: float = 0
    folded: int = 0
    steady_seconds: float = 0
    cpu_seconds: float = 0
    """Of the worker, in the steady seconds."""
    worker_runs: int = 0
    recoveries: list[Recovery] = field(default_factory=list)
    ledger_equal: bool = True
    long_enough: bool = True

    @property
    def events_per_second(self) -> float:
        """Events folded in the steady seconds, over those seconds."""
        return self.folded / self.steady_seconds

    @property
    def events_per_cpu_second(self) -> float:
        """The same, over the worker's processor time."""
        return self.folded / self.cpu_seconds

    @property
    def reading_per_second(self) -> float:
        """Median of the runs that only read."""
        return statistics.median(self.reading_runs)

    def figures(self) -> dict[str, object]:
        """What the benchmark prints."""
        return {
            "events_per_second": round(self.events_per_second),
            "aiokafka_reading_only_per_second": round(self.reading_per_second),
            "ratio": round(self.events_per_second / self.reading_per_second, 3),
            "ledger_equal": self.ledger_equal,
            "events": self.events,
            "steady_seconds": round(self.steady_seconds, 1),
            "bytes_per_event": round(self.bytes_per_event),
            "cpu_seconds": round(self.cpu_seconds, 1),
            "events_per_cpu_second": round(self.events_per_cpu_second),
            "worker_runs": self.worker_runs,
            "recovery": [
                {
                    "state_megabytes": round(found.state_bytes / 1e6, 1),
                    "rows": found.rows,
                    "seconds": round(found.seconds, 2),
                }
                for found in self.recoveries
            ],
            "reading_only_runs": [round(rate) for rate in self.reading_runs],
        }
