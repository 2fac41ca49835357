"""What the system says of a process."""

from pathlib import Path


def state_of(pid: int) -> str:
    """One letter: T stands still, R runs, S waits; nothing for a process that is gone."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""
    return told.rpartition(")")[2].split()[0]
