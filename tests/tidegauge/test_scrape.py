"""A scrape reads what an exporter serves; one that does not answer has no series."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tidegauge.loopback_server import free_port
from tidegauge.scrape import Scrape, scrape

PAGE = """\
# HELP tidegauge_up Whether the product metrics are there.
# TYPE tidegauge_up gauge
tidegauge_up 1.0
# TYPE tidegauge_as_of_timestamp_seconds gauge
tidegauge_as_of_timestamp_seconds 1.772366400125e+09
# TYPE tidegauge_page_views_total counter
tidegauge_page_views_total{page="Home \\"quoted\\", with é"} 3.0
tidegauge_page_views_total{page="Docs"} 4.0
# TYPE process_open_fds gauge
process_open_fds 12.0
"""


@contextmanager
def serving(body: bytes, status: int = 200, length: int | None = None) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(length or len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/metrics"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def scraped() -> Scrape:
    with serving(PAGE.encode()) as url:
        return scrape(url)


def test_only_series_of_tidegauge_are_read_without_their_prefix(scraped: Scrape) -> None:
    names = {name for name, _ in scraped.values}
    assert names == {"up", "as_of_timestamp_seconds", "page_views_total"}


def test_labels_are_read_as_they_were_meant(scraped: Scrape) -> None:
    assert scraped.get("page_views_total", page='Home "quoted", with é') == 3


def test_a_sum_is_over_the_series_that_carry_the_labels(scraped: Scrape) -> None:
    assert scraped.sum("page_views_total") == 7
    assert scraped.sum("page_views_total", page="Docs") == 4
    assert scraped.sum("page_views_total", page="Nowhere") == 0


def test_the_instant_is_in_milliseconds(scraped: Scrape) -> None:
    assert scraped.up
    assert scraped.as_of == 1_772_366_400_125


@pytest.mark.parametrize(
    ("body", "status", "length"), [(b"", 503, None), (PAGE.encode(), 500, None), (b"tide", 200, 99)]
)
def test_what_is_no_whole_answer_has_no_series(
    body: bytes, status: int, length: int | None
) -> None:
    with serving(body, status, length) as url:
        assert scrape(url) == Scrape()


def test_an_exporter_that_does_not_listen_has_no_series() -> None:
    found = scrape(f"http://127.0.0.1:{free_port()}/metrics")
    assert (found.up, found.as_of, found.values) == (False, 0, {})
