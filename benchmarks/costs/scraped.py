"""A scrape of a real exporter as Prometheus does it, and how long it took."""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

from benchmarks.bounds_point import MEGABYTE
from tidegauge.embedded import free_port
from tidegauge.local_service import LocalService

FORMATS = {
    "text": "text/plain;version=0.0.4;q=0.6,*/*;q=0.1",
    "openmetrics": "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
}
"""What Prometheus accepts, by what it gets."""
SECONDS_MAX, START_SECONDS = 120, 60


class Scrape(NamedTuple):
    """What came of one."""

    seconds: float
    """From the request to the last byte."""
    series: int
    sent_bytes: int
    resident_megabytes: float
    """Of the exporter."""
    cpu_seconds: float
    """Processor time the exporter has taken since it began."""


@contextmanager
def exporter(configuration: Path, redis_url: str) -> Iterator[HTTPConnection]:
    """Run an exporter; a connection to it."""
    port = free_port()
    settings = {
        "CONFIG": str(configuration),
        "REDIS_URL": redis_url,
        "EXPORTER_BIND": f"127.0.0.1:{port}",
        "EXPORTER_STALE_AFTER_SECONDS": "3600",
    }
    with LocalService("exporter", port, settings) as service:
        yield _connected(service)


def _connected(service: LocalService) -> HTTPConnection:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=SECONDS_MAX)
    deadline = time.monotonic() + START_SECONDS
    while True:
        service.check()
        try:
            connection.connect()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return connection


def scrape(connection: HTTPConnection, kind: str) -> Scrape:
    """Scrape in one of `FORMATS`; raises RuntimeError where there are no product metrics."""
    headers = {"Accept": FORMATS[kind], "Accept-Encoding": "gzip"}
    began = time.perf_counter()
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - began
    return read(gzip.decompress(body).decode(), seconds, len(body))


def read(text: str, seconds: float, sent_bytes: int) -> Scrape:
    """What an answer holds."""
    samples = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    values = {name: float(value) for name, _, value in samples}
    if not values.get("tidegauge_up"):
        raise RuntimeError("the exporter shows no product metrics")
    resident = round(values["process_resident_memory_bytes"] / MEGABYTE, 1)
    cpu_seconds = values["process_cpu_seconds_total"]
    return Scrape(seconds, len(samples), sent_bytes, resident, cpu_seconds)
