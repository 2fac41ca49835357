"""Cleans up after us, also when we are killed: it waits for the end of a pipe that only we hold."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

# What we started ends by the same means, and may still write for a moment.
WAIT = 'read -r word; sleep 0.2; exec {command} -- "$0"'


class Keeper:
    """Runs a command on a folder once we are done with it, or gone; `with` it."""

    def __init__(self, command: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", WAIT.format(command=command), folder],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(60)
