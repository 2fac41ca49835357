"""Tells whether a file has changed since it was read."""

from pathlib import Path
from typing import NamedTuple


class Stamp(NamedTuple):
    """What changes when a file is written or put in the place of another."""

    inode: int
    size: int
    changed_at: int


def stamp(path: str | Path) -> Stamp | None:
    """Look at a file, through links; None when it cannot be seen."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return Stamp(found.st_ino, found.st_size, found.st_mtime_ns)
