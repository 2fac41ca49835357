"""A real Prometheus with a configuration of the test's own, that answers queries."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tidegauge.loopback_server import LoopbackServer

DEPLOY = Path(__file__).parents[1] / "deploy"
RULES = DEPLOY / "prometheus/alerts.yml"
RECORDING = DEPLOY / "prometheus/recording.yml"
RULE_FILES = [str(RECORDING), str(RULES)]


class Prometheus(LoopbackServer):
    """Started on a folder of blocks, which is its own from then on, or with nothing."""

    question, answer = b"GET /-/ready HTTP/1.0\r\n\r\n", b" 200 "

    def __init__(self, configuration: Mapping[str, Any], data: Path | None = None) -> None:
        super().__init__()
        self._configuration, self._data = configuration, data

    def command(self) -> list[str]:
        """Listen on loopback, and forget nothing because it is old."""
        (self.folder / "prometheus.yml").write_text(yaml.safe_dump(dict(self._configuration)))
        data = self._data or self.folder / "data"
        return [
            *(str(shutil.which("prometheus")), "--config.file=prometheus.yml"),
            *(f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=50y"),
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]

    def query(
        self, expression: str, seconds: float | None = None
    ) -> list[tuple[dict[str, str], float]]:
        """Labels and values at an instant, or now, in no order; fails with what it says."""
        at = {} if seconds is None else {"time": f"{seconds:.3f}"}
        asked = urlencode({"query": expression, **at})
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=30) as told:
                found: Any = json.load(told)
        except HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from error
        return [(one["metric"], float(one["value"][1])) for one in found["data"]["result"]]


def jobs(targets: Mapping[str, Iterable[str]]) -> list[dict[str, Any]]:
    """What is scraped: addresses by the name of their job."""
    return [{"job_name": name} | static(*addresses) for name, addresses in targets.items()]


def static(*addresses: str) -> dict[str, Any]:
    """Addresses as Prometheus is told of them."""
    return {"static_configs": [{"targets": list(addresses)}]}
