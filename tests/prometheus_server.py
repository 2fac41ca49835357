"""A real Prometheus on blocks that are there already: it scrapes nothing but answers queries."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from tidegauge.loopback_server import LoopbackServer

CONFIG = "global: {}\n"


class Prometheus(LoopbackServer):
    """Started on a folder of blocks, which is its own from then on."""

    question, answer = b"GET /-/ready HTTP/1.0\r\n\r\n", b" 200 "

    def __init__(self, data: Path) -> None:
        super().__init__()
        self._data = data

    def command(self) -> list[str]:
        """Listen on loopback, and forget nothing because it is old."""
        (self.folder / "prometheus.yml").write_text(CONFIG)
        program = shutil.which("prometheus")
        assert program is not None
        return [
            *(program, "--config.file=prometheus.yml", f"--storage.tsdb.path={self._data}"),
            *(f"--web.listen-address=127.0.0.1:{self.port}", "--storage.tsdb.retention.time=50y"),
        ]

    def query(self, text: str, seconds: float) -> list[tuple[dict[str, str], float]]:
        """Labels and values at an instant, in no order."""
        asked = urlencode({"query": text, "time": f"{seconds:.3f}"})
        with urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=30) as answer:
            told: Any = json.load(answer)
        return [(one["metric"], float(one["value"][1])) for one in told["data"]["result"]]
