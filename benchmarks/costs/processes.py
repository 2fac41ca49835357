"""What processes and the machine have taken of the processors, as Linux tells."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
USER, SYSTEM = 11, 12
"""Fields of /proc/PID/stat behind the name."""
IDLE, WAITING = 3, 4
"""Fields of the first line of /proc/stat behind its name."""


class Taken(NamedTuple):
    """Processor seconds up to now."""

    by: Mapping[str, float]
    """Of each process that was asked for."""
    machine: float
    """Of all processes there are."""

    @classmethod
    def now(cls, processes: Mapping[str, int]) -> "Taken":
        """Ask the system; processes by a name, as their ids."""
        return cls({name: _of(pid) for name, pid in processes.items()}, _of_machine())


def _of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[USER]) + int(fields[SYSTEM])) / TICKS


def _of_machine() -> float:
    line = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0]
    fields = [int(field) for field in line.split()[1:9]]
    return (sum(fields) - fields[IDLE] - fields[WAITING]) / TICKS
