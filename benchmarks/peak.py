"""The most memory that a program took; peers ask it too, so it needs nothing but Python."""

import re
from pathlib import Path


def peak_megabytes(process: int | str = "self") -> float:
    """Of it alone, by its number: `getrusage` counts what its parent held at the start, too."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None  # noqa: S101 - Linux says it of every process
    return int(found[1]) / 1_024
