"""A small disk in memory that can be filled up; it goes with the process that mounted it.

Mounting takes root. Where it is not allowed there is no small disk, and `CannotMount` says why.
"""

from __future__ import annotations

import errno
import os
import subprocess
from pathlib import Path
from typing import Self

from tests.chaos.keeper import Keeper

CHUNK = b"\0" * (1 << 20)


class CannotMount(Exception):
    """No disk can be mounted here; the message says why."""


class SmallDisk:
    """A file system of so many megabytes over an empty folder."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder, self._megabytes = folder, megabytes
        self._ballast = folder / "ballast"
        self._keeper: Keeper | None = None

    def __enter__(self) -> Self:
        size = f"size={self._megabytes}m"
        command = ["mount", "-t", "tmpfs", "-o", size, "tidegauge-chaos", str(self.folder)]
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise CannotMount("there is no mount") from error
        if done.returncode != 0:
            raise CannotMount(done.stderr.strip())
        self._keeper = Keeper("umount -l", self.folder)
        return self

    def __exit__(self, *_: object) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.__exit__()

    def fill(self) -> int:
        """Leave no byte free; returns how many were written. ENOSPC was seen, or it is raised."""
        written = 0
        with self._ballast.open("wb", buffering=0) as ballast:
            for chunk in (CHUNK, CHUNK[:4096]):
                try:
                    while True:
                        written += ballast.write(chunk)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
        return written

    def free(self) -> int:
        """Bytes that are free."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)
