"""Page views of pages nobody else views, sent at known times and looked for in /metrics."""

import json
import random
import re
import time
import urllib.request

from confluent_kafka import Producer

from benchmarks.costs.delays import Delays
from tests.integration.background import InBackground
from tidegauge.simulator.record import time_text

PAUSES_SECONDS = (0.1, 0.3)
"""Drawn evenly, so that probes keep no step with anything."""
SHOWN = rb'^tidegauge_windowed_page_views\{page="Probe %s (\d+)",window="1h"\} (\S+)'
"""An hour: within it the gauge of a window only grows."""
FLUSH_SECONDS = 30
TIMEOUT_SECONDS = 30


class Probes(InBackground):
    """Sends within its block, to each partition in turn; `delays` are from event time to gauge.

    No two of one application have the same name.
    """

    def __init__(self, bootstrap: str, topic: str, partitions: int, name: str) -> None:
        super().__init__()
        self.delays = Delays(partitions)
        self._topic, self._partitions, self._name = topic, partitions, name
        self._shown = re.compile(SHOWN % name.encode(), re.MULTILINE)
        self._settings = {"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all"}

    def look(self, url: str) -> None:
        """Ask the exporter once, as Prometheus does."""
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own address
            body = answer.read()
        now = time.time()
        for partition, count in self._shown.findall(body):
            self.delays.show(int(partition), int(float(count)), now)

    def _run(self) -> None:
        rng, number, producer = random.Random(1), 0, Producer(self._settings)
        while not self._over.wait(rng.uniform(*PAUSES_SECONDS)):
            self._send(producer, number)
            number += 1
        producer.flush(FLUSH_SECONDS)

    def _send(self, producer: Producer, number: int) -> None:
        partition, now_ms = number % self._partitions, time.time_ns() // 1_000_000
        event = {
            "type": "page",
            "name": f"Probe {self._name} {partition}",
            "messageId": f"{self._name}-{number}",
            "userId": f"probe-{partition}",
            "timestamp": time_text(now_ms),
        }
        self.delays.send(partition, now_ms / 1_000)
        value = json.dumps(event).encode()
        producer.produce(self._topic, value, partition=partition, timestamp=now_ms)
        producer.poll(0)
