"""Ends a process that a benchmark started."""

import subprocess


def end(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Ask it to end, and make it when it has not within so many seconds."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
