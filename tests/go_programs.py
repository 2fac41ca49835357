"""Linters that `go install` brings. Once brought they stay in tests/target."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

KEPT = Path(__file__).with_name("target") / "go"
PINT = "github.com/cloudflare/pint/cmd/pint@v0.87.0"
# The last before v0.1.0: Go installs none of a module that replaces others, as each release does.
DASHBOARD_LINTER = "github.com/grafana/dashboard-linter@v0.0.0-20250428211052-5e22d6dc65a1"
INSTALL_SECONDS_MAX = 600


class GoProgramMissing(Exception):
    """It is neither here nor to be had; the message says why."""


def go_program(package: str, kept: Path = KEPT) -> str:
    """Path of the program on PATH, else of the one kept of this `path@version`, else fetch it."""
    name = package.partition("@")[0].rpartition("/")[2]
    folder = kept / package.replace("/", "+")
    return (
        shutil.which(name)
        or shutil.which(name, path=str(folder))
        or str(_install(package, folder) / name)
    )


def _install(package: str, folder: Path) -> Path:
    go = shutil.which("go")
    if go is None:
        raise GoProgramMissing(f"neither {package} nor Go, which fetches it, is installed")
    try:
        subprocess.run(
            [go, "install", package],
            check=True,
            env={**os.environ, "GOBIN": str(folder)},
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS_MAX,
        )
    except subprocess.CalledProcessError as error:
        raise GoProgramMissing(f"Go could not install it:\n{error.stderr[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise GoProgramMissing(f"{error}") from error
    return folder
