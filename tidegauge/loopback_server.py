"""One server process on one loopback port, tied to the process that started it.

It answers when `start()` returns, keeps its port over `stop()` and `start()`, writes into a
temporary folder that goes with it, and does not outlive its parent, not even when that one is
killed with -9.

How it is tied: a shell becomes the server (`exec`), after it has left a reader on a pipe behind.
Only the parent holds the other end of that pipe. When it closes without a word, the reader kills
the server and removes its folder. This needs no code between fork and exec, works on Linux and
macOS, and from any thread (`PR_SET_PDEATHSIG` would fire when the *thread* ends).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final, Self

LOG_TAIL_BYTES: Final = 2000

# Below the range from which systems take the ports of outgoing connections: a client that retries
# a stopped server there could otherwise be given the very port, and talk to itself.
FREE_PORTS: Final = range(15_000, 30_000)

TIED_TO_PARENT: Final = """
exec 3<&0 </dev/null
( read -r word <&3 || { kill -9 $$; rm -rf -- "$0"; } ) >/dev/null 2>&1 &
exec 3<&-
exec "$@"
"""


class ServerFailed(Exception):
    """A server ended, or did not answer in time; the message ends with its log."""


class LoopbackServer:
    """What is common to all of them; a subclass gives the command, a question and its answer."""

    question: bytes
    answer: bytes
    start_seconds_max = 30.0
    stop_seconds_max = 5.0

    def __init__(self) -> None:
        self.name = type(self).__name__
        self.port = free_port()
        self.folder = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Of the process; ServerFailed when it does not run."""
        if self._process is None:
            raise ServerFailed(f"{self.name} does not run.")
        return self._process.pid

    def command(self) -> list[str]:
        """What to run; `self.folder` exists by then and is the working directory."""
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        """Environment variables beside PATH; nothing is inherited from the parent."""
        return {}

    def start(self) -> None:
        """Start the server and return when it answers; ServerFailed when it does not."""
        if self._process is not None:
            raise ServerFailed(f"{self.name} runs already: stop it first.")
        self.folder = Path(tempfile.mkdtemp(prefix="tidegauge-"))
        try:
            self._process = self._spawn()
            self._wait_until_it_answers(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the server, politely first; nothing happens when it does not run."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(self.stop_seconds_max)
        self.kill()

    def kill(self) -> None:
        """End the server as a power cut would; nothing happens when it does not run."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            _dismiss_reader(process)
        if self.folder != Path():
            shutil.rmtree(self.folder, ignore_errors=True)

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = ["/bin/sh", "-c", TIED_TO_PARENT, str(self.folder), *self.command()]
        with (self.folder / "log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - the command is a subclass's own
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.defpath, **self.environment()},
                start_new_session=True,  # Ctrl-C goes to the parent alone, which then stops us
            )

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.start_seconds_max
        while not self._answers():
            if process.poll() is not None:
                raise self._failure(f"ended with {process.returncode}")
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer within {self.start_seconds_max:.0f} seconds")
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(self.question)
                return self.answer in connection.recv(64)
        except OSError:
            return False

    def _failure(self, what: str) -> ServerFailed:
        tail = (self.folder / "log").read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        return ServerFailed(f"{self.name}, port {self.port}, {what}. Its log ends with:\n{tail}")


def free_port() -> int:
    """Find a loopback port that nothing listens on; it is free, not reserved."""
    for _ in range(1000):
        port = FREE_PORTS[secrets.randbelow(len(FREE_PORTS))]
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                candidate.bind(("127.0.0.1", port))
                return port
    raise ServerFailed("No free loopback port was found in 1000 tries.")


def _dismiss_reader(process: subprocess.Popen[bytes]) -> None:
    """Tell the reader on the pipe that the server has ended, so that it kills nobody."""
    assert process.stdin is not None  # noqa: S101 - it was opened with a pipe
    with contextlib.suppress(BrokenPipeError):  # the reader is gone already
        process.stdin.write(b"ended\n")
        process.stdin.close()
