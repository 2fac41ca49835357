from __future__ import annotations

import asyncio
import subprocess

import pytest
import redis
from aiohttp import ClientSession
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics_parser
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporters.doors.protection import Door
from exporters.keys import Keys
from exporters.service import Exporter
from streams.panes import HOUR, SECOND
from tests.exporters.published_events import (
    GENERATION,
    NOW,
    Worker,
    announce,
    new_folding,
    new_prefix,
    new_publisher,
)
from tidegauge.embedded import EmbeddedRedis

OPENMETRICS = "application/openmetrics-text;version=1.0.0"
NASTY = 'He said "no\\n",\\ twice — ü'
OWN = ("tidegauge_exporter_", "process_", "python_")

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def order(goal: str = "Order Completed", **properties: object) -> dict[str, object]:
    return {"type": "track", "event": goal, "properties": properties}


def workers() -> list[Worker]:
    """Two partitions: page views, an order, a cancellation, unreadable and skipped things."""
    first, second = Worker(number=0), Worker(number=1)
    first.send({}, {"name": NASTY}, order(revenue=12.5, currency="EUR"))
    first.send(order("Subscription Cancelled", plan="pro", reason="price"))
    first.send(*[order("CSAT Answered", score=score) for score in [5] * 8 + [1, 2, 7]])
    first.break_record()
    first.break_record(b"[]")
    second.send({"userId": "user 0", "anonymousId": "a"}, order(revenue="much"))
    second.send({"context": {"bot": True}}, {"messageId": "1-0"})
    second.send({}, time=NOW - 2 * HOUR)
    return [first, second]


async def publish(url: str, prefix: str) -> None:
    publisher = new_publisher(url, prefix)
    await announce(publisher, 2)
    for worker in workers():
        assert await worker.publish(publisher) == "written"
    await publisher.close()


def exporter(url: str, prefix: str, seconds_later: int = 0) -> Exporter:
    return Exporter(
        redis_url=url,
        prefix=prefix,
        folding=new_folding(),
        door=Door("127.0.0.1", 0),
        clock=lambda: NOW + seconds_later * SECOND,
    )


def scrape(url: str, prefix: str, accept: str = "", seconds_later: int = 0) -> str:
    """Body of one scrape, by HTTP."""

    async def run() -> str:
        service = exporter(url, prefix, seconds_later)
        server = await service.start()
        try:
            async with (
                ClientSession(headers={"Accept": accept}) as client,
                client.get(server.url + "metrics") as response,
            ):
                assert response.status == 200
                return await response.text()
        finally:
            await service.stop()

    return asyncio.run(run())


def parse_openmetrics(body: str) -> list[Metric]:
    return list(openmetrics_parser.text_string_to_metric_families(body))  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def published(embedded_redis: EmbeddedRedis) -> tuple[str, str]:
    """Redis and a prefix under which both partitions are published."""
    prefix = new_prefix()
    asyncio.run(publish(embedded_redis.url, prefix))
    return embedded_redis.url, prefix


@pytest.fixture(scope="module")
def text(published: tuple[str, str]) -> str:
    return scrape(*published)


@pytest.fixture(scope="module")
def samples(text: str) -> Samples:
    return samples_of(list(parse_text(text)))


def samples_of(families: list[Metric]) -> Samples:
    return {
        (one.name, frozenset(one.labels.items())): one.value
        for family in families
        for one in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"tidegauge_{name}", frozenset(labels.items())))


def business(samples: Samples) -> set[str]:
    """Names of series that belong to a metric of the catalogue."""
    metrics = new_folding().catalogue.metrics.values()
    names = {name for metric in metrics for name in metric.exported_names}
    return names & {name for name, _ in samples}


def test_counts_windows_and_ratios_are_those_of_the_events(samples: Samples) -> None:
    assert value(samples, "up") == 1
    assert value(samples, "as_of_timestamp_seconds") == NOW / SECOND
    assert value(samples, "page_views_total", page="Home") == 3
    assert value(samples, "windowed_page_views", page="Home", window="1h") == 2
    assert value(samples, "windowed_page_views", page="Home", window="24h") == 3
    assert value(samples, "active_users", window="5m") == 3
    assert value(samples, "active_users_error", window="5m") == 0
    assert value(samples, "conversions_total", goal="order") == 2
    assert value(samples, "conversion_ratio", goal="order", window="5m") == 2 / 3
    assert value(samples, "revenue_total", currency="EUR") == 12.5
    assert value(samples, "cancellations_total", plan="pro", reason="price") == 1
    assert value(samples, "windowed_cancellations", plan="free", window="1h") == 0
    assert value(samples, "csat_ratio", window="5m") == 0.8
    assert value(samples, "csat_average", window="5m") == 4.3
    assert value(samples, "csat_responses", window="5m") == 10
    assert value(samples, "csat_responses", window="yesterday") == 0
    assert value(samples, "csat_ratio", window="yesterday") is None
    assert value(samples, "window_complete", window="yesterday") == 0
    assert value(samples, "label_overflow", metric="page_views", window="1h") == 0


def test_every_record_has_one_outcome(samples: Samples) -> None:
    outcomes = ("dead_letter", "future", "bot", "late", "duplicate", "accepted")
    for partition in ("0", "1"):
        counts = [
            value(samples, "records_total", outcome=outcome, partition=partition) or 0
            for outcome in outcomes
        ]
        assert sum(counts) == value(samples, "read_offset", partition=partition)
    found = [value(samples, "records_total", outcome=one, partition="1") for one in outcomes]
    assert found == [0, 0, 1, 0, 1, 3]


def test_the_pipeline_is_seen(samples: Samples) -> None:
    assert value(samples, "dead_letters_total", reason="not_json", partition="0") == 1
    assert value(samples, "dead_letters_total", reason="not_object", partition="0") == 1
    assert value(samples, "dead_letters_total", reason="too_deep", partition="0") == 0
    assert value(samples, "skipped_values_total", metric="revenue", reason="not_a_number") == 1
    assert value(samples, "skipped_values_total", metric="csat", reason="out_of_range") == 1
    assert value(samples, "identity_links_total") == 1
    assert value(samples, "partitions") == 2
    assert value(samples, "lag_records", partition="1") == 0
    assert value(samples, "published_timestamp_seconds", partition="0") == NOW / SECOND
    assert value(samples, "watermark_timestamp_seconds", partition="0") is None
    assert value(samples, "checkpoint_timestamp_seconds", partition="0") is None


def test_any_label_value_survives_the_round_trip(
    published: tuple[str, str], samples: Samples
) -> None:
    assert value(samples, "page_views_total", page=NASTY) == 1
    families = parse_openmetrics(scrape(*published, accept=OPENMETRICS))
    assert value(samples_of(families), "page_views_total", page=NASTY) == 1


def test_openmetrics_says_the_same_as_text(published: tuple[str, str], samples: Samples) -> None:
    body = scrape(*published, accept=OPENMETRICS)
    assert body.endswith("# EOF\n")
    found = samples_of(parse_openmetrics(body))
    ours = {key: held for key, held in samples.items() if not key[0].startswith(OWN)}
    assert {key: held for key, held in found.items() if not key[0].startswith(OWN)} == ours


@pytest.mark.prometheus
@pytest.mark.parametrize("seconds_later", [0, 3600])
def test_promtool_finds_nothing_to_say(
    published: tuple[str, str], promtool: str, seconds_later: int
) -> None:
    body = scrape(*published, seconds_later=seconds_later)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=body.encode(), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_help_is_the_definition_on_one_line(text: str) -> None:
    line = (
        "# HELP tidegauge_revenue_total Money taken by orders and payments, per currency, never "
        "converted. Formula: sum of revenue over Order Completed and Payment Succeeded. "
        "Unit: currency units."
    )
    assert line in text.splitlines()
    assert (
        "# HELP tidegauge_csat_ratio Share, 0 to 1, of the answers whose score is good (4, 5); "
        "absent while there are fewer than 10 answers. How satisfied people are, "
    ) in text


def test_samples_carry_no_timestamps(text: str) -> None:
    assert all(one.timestamp is None for family in parse_text(text) for one in family.samples)


def test_two_exporters_show_identical_numbers(published: tuple[str, str]) -> None:
    one, two = (
        [line for line in scrape(*published).splitlines() if not line.startswith(OWN)]
        for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize("accept", ["", OPENMETRICS])
def test_a_stale_partition_leaves_no_product_metric(
    published: tuple[str, str], accept: str
) -> None:
    body = scrape(*published, accept=accept, seconds_later=61)
    found = samples_of(parse_openmetrics(body) if accept else list(parse_text(body)))
    assert value(found, "up") == 0
    assert business(found) == set()
    assert value(found, "identity_links_total") is None
    assert value(found, "read_offset", partition="0") == 17


def test_a_missing_partition_leaves_no_product_metric(embedded_redis: EmbeddedRedis) -> None:
    prefix = new_prefix()
    asyncio.run(publish(embedded_redis.url, prefix))
    with redis.Redis.from_url(embedded_redis.url) as client:
        client.delete(*Keys(prefix).partition(GENERATION, 1))
    found = samples_of(list(parse_text(scrape(embedded_redis.url, prefix))))
    assert value(found, "up") == 0
    assert business(found) == set()
    assert value(found, "identity_links_total") is None


def test_a_redis_that_is_away_leaves_no_product_metric() -> None:
    found = samples_of(list(parse_text(scrape("redis://127.0.0.1:1", "p"))))
    assert value(found, "up") == 0
    assert business(found) == set()
    assert value(found, "exporter_redis_errors_total") == 1


def test_scrapes_at_the_same_time_share_one_read(published: tuple[str, str]) -> None:
    async def run() -> None:
        service = exporter(*published)
        views = await asyncio.gather(*(service.view() for _ in range(5)))
        assert all(view is views[0] for view in views)
        assert await service.view() is not views[0]
        await service.stop()

    asyncio.run(run())


def test_a_scrape_that_is_given_up_does_not_harm_the_others(published: tuple[str, str]) -> None:
    async def run() -> None:
        service = exporter(*published)
        impatient, patient = (asyncio.create_task(service.view()) for _ in range(2))
        await asyncio.sleep(0)
        impatient.cancel()
        assert (await patient).reading is not None
        await service.stop()

    asyncio.run(run())


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text;version=abc",
        "application/openmetrics-text;version=9.9.9,text/plain;version=x",
        "text/plain;version=1.0.0;escaping=allow-utf-8",
        ",;=,",
    ],
)
def test_no_accept_header_breaks_a_scrape(published: tuple[str, str], accept: str) -> None:
    assert "tidegauge_up 1.0" in scrape(*published, accept=accept)
