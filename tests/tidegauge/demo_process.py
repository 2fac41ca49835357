"""`tidegauge demo` as a process of its own, in folders of its own, and everything it started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from tidegauge.loopback_server import free_port

T = TypeVar("T")


def wait_for(
    what: str,
    condition: Callable[[], T],
    seconds: float = 60,
    evidence: Callable[[], str] = str,
) -> T:
    """The first true value of `condition`; fails naming `what` after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s. {evidence()}"
        time.sleep(0.05)
    return found


def two_free_ports() -> int:
    """The first of two neighbours that nothing listens on."""
    while True:
        port = free_port()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port + 1)) != 0:
                return port


def is_gone(pid: int) -> bool:
    """Whether a process has ended, reaped or not."""
    told = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], check=False, capture_output=True, text=True
    )
    return told.stdout.strip()[:1] in {"", "Z"}


class DemoProcess:
    """Starts a demo; `temporary` is where its temporary files go, `folder` where it runs."""

    def __init__(self, folder: Path, port: int, *options: str) -> None:
        self.folder, self.temporary = folder / "run", folder / "temporary"
        self.folder.mkdir()
        self.temporary.mkdir()
        self.port = port
        self._log = folder / "output"
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        with self._log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tidegauge", "demo", "--port", str(port), *options],
                cwd=self.folder,
                env={**kept, "TMPDIR": str(self.temporary), "COLUMNS": "100"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started: dict[int, str] = {}
        """Every process below it that was ever seen, with its command."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()

    def output(self) -> str:
        """Everything it has printed, errors too."""
        return self._log.read_text()

    def running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def says(self, text: str) -> None:
        """Wait until it has printed `text`."""
        wait_for(text, lambda: text in self.output() or not self.running())
        assert text in self.output(), self.output()

    def get(self, path: str, accept: str = "*/*") -> str:
        """What its exporter serves; nothing while it does not."""
        url = f"http://127.0.0.1:{self.port}/{path}"
        try:
            with urllib.request.urlopen(
                urllib.request.Request(url, headers={"Accept": accept}), timeout=5
            ) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def look(self) -> set[str]:
        """Note everything that runs below it; returns the programs' short names."""
        told = subprocess.run(  # -ww: whole lines, whatever COLUMNS says
            ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="],
            check=True,
            capture_output=True,
            text=True,
        )
        rows = [line.split(None, 2) for line in told.stdout.splitlines()]
        below = {self.process.pid}
        for _ in range(4):
            below |= {int(pid) for pid, parent, *_ in rows if int(parent) in below}
        self.started |= {
            int(pid): args[0] if args else ""
            for pid, _, *args in rows
            if int(pid) in below and int(pid) != self.process.pid
        }
        parts = ("tansu", "valkey", "tidegauge worker", "tidegauge exporter")
        return {part for part in parts for command in self.started.values() if part in command}

    def nothing_is_left(self) -> bool:
        """Whether all it started has ended and all its temporary files are gone."""
        gone = all(is_gone(pid) for pid in self.started)
        return gone and not any(self.temporary.iterdir()) and not self.get("healthz")
