"""From an exporter's gauges to the pager, through real servers; rules and routes as shipped."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.alerting_servers import AlertmanagerServer, HttpServer, Told, watching
from tests.integration.pipeline import wait_for
from tests.prometheus_server import Prometheus

pytestmark = [
    pytest.mark.long,
    pytest.mark.prometheus,
    pytest.mark.alertmanager,
    pytest.mark.timeout(600),
]
EVALUATION_SECONDS = 10
"""`evaluation_interval` of deploy/prometheus/prometheus.yml."""
LONGEST_WAIT_SECONDS = 240
NAME = "TidegaugeChurnSpike"
SPIKE = """\
tidegauge_watched_seen{metric="cancellations",window="15m"} 62
tidegauge_watched_expected{metric="cancellations",window="15m"} 20
tidegauge_watched_alarm{metric="cancellations",window="15m"} 1
"""


class ExporterText:
    """What an exporter would show, set by the test."""

    def __init__(self) -> None:
        self.is_up = True

    def page(self, _: bytes) -> str:
        """Its /metrics."""
        if not self.is_up:
            return "tidegauge_up 0\n"
        return f"tidegauge_up 1\ntidegauge_as_of_timestamp_seconds {time.time()}\n{SPIKE}"


@pytest.fixture
def exporter() -> ExporterText:
    return ExporterText()


@pytest.fixture
def prometheus(
    promtool: str, exporter: ExporterText, alertmanager: AlertmanagerServer
) -> Iterator[Prometheus]:
    """It scrapes the exporter and tells the Alertmanager."""
    assert Path(promtool).with_name("prometheus").exists()
    with HttpServer(exporter.page) as page, watching(alertmanager, page.address) as server:
        yield server


@pytest.mark.usefixtures("prometheus")
def test_a_spike_pages_and_a_stale_pipeline_silences_it(
    exporter: ExporterText, alertmanager: AlertmanagerServer
) -> None:
    pages = alertmanager.webhook.pages
    (spike,) = wait_for("the page of the spike", pages, LONGEST_WAIT_SECONDS)
    assert spike.name == NAME
    assert spike.annotations["description"].startswith("3.1 times as many cancellations")
    assert seconds_until_told(spike) <= 3 * EVALUATION_SECONDS

    exporter.is_up = False
    wait_for("another page", lambda: len(pages()) > 1, LONGEST_WAIT_SECONDS)
    assert [one.name for one in pages()] == [NAME, "TidegaugeStale"]
    states = alertmanager.states()
    assert states[NAME] == "suppressed"
    assert states["TidegaugeStale"] == "active"


def test_a_prometheus_that_starts_anew_with_nothing_ends_no_page(
    prometheus: Prometheus, alertmanager: AlertmanagerServer
) -> None:
    pages = alertmanager.webhook.pages
    wait_for("the page of the spike", pages, LONGEST_WAIT_SECONDS)
    prometheus.stop()
    began, heard = alertmanager.began(NAME), alertmanager.heard(NAME)
    prometheus.start()
    wait_for("word of it", lambda: alertmanager.heard(NAME) != heard, LONGEST_WAIT_SECONDS)
    assert alertmanager.began(NAME) == began
    assert [one.status for one in pages()] == ["firing"]


def seconds_until_told(alert: Told) -> float:
    """From when its `for` was over."""
    return alert.at - datetime.fromisoformat(alert.began).timestamp()
