"""What is measured on."""

import contextlib
import os
import platform
from pathlib import Path
from typing import Any

MODEL = "model name"


def machine() -> dict[str, Any]:
    """Processors, system and Python."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return {
        "processors": os.cpu_count(),
        "model": next((line.partition(": ")[2] for line in lines if line.startswith(MODEL)), ""),
        "system": platform.system(),
        "python": platform.python_version(),
    }
