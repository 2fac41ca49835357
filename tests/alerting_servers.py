"""Prometheus and Alertmanager as they are shipped, what they scrape, and whom they tell.

Of the shipped files only addresses are changed; rules, intervals and routes are those of `deploy`.
"""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

import yaml

from tests.prometheus_server import DEPLOY, RULE_FILES, Prometheus, jobs, static
from tidegauge.loopback_server import LoopbackServer


class HttpServer:
    """A server on a free port, in a thread; `answer` gets what was posted and gives a text."""

    def __init__(self, answer: Callable[[bytes], str]) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = answer(self.rfile.read(int(self.headers.get("Content-Length", 0)))).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Told(NamedTuple):
    """An alert as a webhook was told of it."""

    message: int
    """Number of the message in which it stood."""
    receiver: str
    name: str
    labels: dict[str, str]
    annotations: dict[str, str]
    status: str
    began: str
    """When it began to fire, as RFC 3339."""
    at: float
    """When the webhook was told, in seconds."""


class Webhook(HttpServer):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(self._take)
        self.told: list[Told] = []
        self._messages = itertools.count()

    def _take(self, body: bytes) -> str:
        message, number = json.loads(body), next(self._messages)
        for alert in message["alerts"]:
            labels = alert["labels"]
            said = alert["annotations"], alert["status"], alert["startsAt"], time.time()
            self.told.append(Told(number, message["receiver"], labels["alertname"], labels, *said))
        return ""

    def pages(self) -> list[Told]:
        """What it was told through the pager."""
        return [one for one in self.told if one.receiver == "page"]


class AlertmanagerServer(LoopbackServer):
    """Alertmanager; whatever it has to say goes to its `webhook`."""

    program = (
        "prometheus-alertmanager" if shutil.which("prometheus-alertmanager") else "alertmanager"
    )
    question, answer = b"GET /-/ready HTTP/1.0\r\n\r\n", b"200 OK"

    def __init__(self) -> None:
        super().__init__()
        self.webhook = Webhook()

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self.webhook.__exit__()

    def command(self) -> list[str]:
        """Run with the shipped configuration, alone."""
        shipped = yaml.safe_load((DEPLOY / "alertmanager/alertmanager.yml").read_text())
        for receiver in shipped["receivers"]:
            for hook in receiver.get("webhook_configs", ()):
                hook["url"] = f"http://{self.webhook.address}/"
        (self.folder / "alertmanager.yml").write_text(yaml.safe_dump(shipped))
        listening = f"--web.listen-address=127.0.0.1:{self.port}"
        rest = ["--storage.path=data", "--cluster.listen-address="]  # nothing of before, and alone
        return [str(shutil.which(self.program)), "--config.file=alertmanager.yml", listening, *rest]

    def start(self) -> None:
        """Start the webhook, too."""
        self.webhook.__enter__()
        super().start()

    def post(self, *alerts: dict[str, Any]) -> None:
        """Say that alerts fire, as Prometheus does."""
        self._ask("alerts", json.dumps(alerts).encode())

    def states(self) -> dict[str, str]:
        """Of every alert it knows of, by name: active or suppressed."""
        return {name: alert["status"]["state"] for name, alert in self._alerts().items()}

    def began(self, name: str) -> str:
        """When an alert began to fire that has not been resolved since."""
        began: str = self._alerts()[name]["startsAt"]
        return began

    def heard(self, name: str) -> str:
        """When it was last told that an alert fires."""
        heard: str = self._alerts()[name]["updatedAt"]
        return heard

    def _alerts(self) -> dict[str, Any]:
        return {one["labels"]["alertname"]: one for one in json.loads(self._ask("alerts"))}

    def _ask(self, what: str, body: bytes | None = None) -> bytes:
        url = f"http://127.0.0.1:{self.port}/api/v2/{what}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - it is http
            content: bytes = answer.read()
            return content


def watching(alertmanager: AlertmanagerServer, *exporters: str) -> Prometheus:
    """The Prometheus that is shipped; it scrapes exporters and tells one Alertmanager."""
    shipped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    shipped["rule_files"] = RULE_FILES
    shipped["alerting"]["alertmanagers"] = [static(f"127.0.0.1:{alertmanager.port}")]
    shipped["scrape_configs"] = jobs({"tidegauge-exporter": exporters})
    return Prometheus(shipped)
