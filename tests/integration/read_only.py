"""Runs tidegauge as on a read-only file system: Python opens, makes and moves no file."""

import errno
import os
import runpy
import sys
from typing import Any

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
CHANGING = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"}


def refuse(event: str, arguments: tuple[Any, ...]) -> None:
    """What the system would say."""
    opens = event == "open" and arguments[2] & WRITING and not isinstance(arguments[0], int)
    if (opens and str(arguments[0]) != os.devnull) or event in CHANGING:
        print(f"REFUSED {event} {arguments[0]}", file=sys.stderr)  # noqa: T201
        raise OSError(errno.EROFS, "Read-only file system", arguments[0])


sys.dont_write_bytecode = True
sys.addaudithook(refuse)
runpy.run_module("tidegauge", run_name="__main__", alter_sys=True)
