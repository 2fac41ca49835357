"""What a scrape takes and an exporter holds, against the number of series."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from benchmarks.costs.curve import Bound, Curve, Point
from benchmarks.costs.one_partition import OnePartition
from benchmarks.costs.scraped import FORMATS, Scrape, exporter, scrape
from benchmarks.costs.shop import listed, of_windows, views
from benchmarks.costs.site import PARTITIONS, tell
from exporters.snapshot_store import wall_clock
from tidegauge.assembly import folding, load_checked
from tidegauge.embedded import EmbeddedRedis

SERIES, BOUND_SERIES, BOUND_MILLISECONDS = (1_000, 10_000, 100_000), 10_000, 100
OTHERS, OF_A_PRODUCT = 482, 8
"""About how many series there are without products, and of each: a counter and seven windows."""
DAYS, ROUNDS = 30, 7

Rounds = Sequence[tuple[Scrape, Scrape]]
"""After something changed of every product, and at once once more."""


def scraping(scale: float) -> Curve:
    """The real exporter beside a real Redis, asked as Prometheus asks."""
    bounds = [
        Bound(f"{kind}_changed_milliseconds", BOUND_MILLISECONDS, at=int(BOUND_SERIES * scale))
        for kind in FORMATS
    ]
    return Curve(
        name="scraping",
        title="A scrape of one exporter",
        x="series",
        points=[_point(int(series * scale)) for series in SERIES],
        drawn=("text_changed_milliseconds", "text_same_milliseconds"),
        bounds=bounds,
        words=(
            f"Views of products, each seen in every pane of {DAYS} days in all of {PARTITIONS} "
            "partitions, beside the shipped catalogue. From the request to the last byte, gzipped: "
            f"median and most of {ROUNDS} scrapes, after every product had one more view (changed) "
            "and when nothing had (same); the first one reads all of it from Redis. Processor "
            "time is the exporter's, the mean of both."
        ),
    )


def _point(series: int) -> Point:
    products = max(1, (series - OTHERS) // OF_A_PRODUCT)
    tell(f"{series:,} series: {products:,} products")
    with tempfile.TemporaryDirectory(prefix="tidegauge-costs-") as folder, EmbeddedRedis() as redis:
        configuration = listed(Path(folder), products)
        fold = folding(load_checked(str(configuration), {}))
        with closing(OnePartition(redis.url, fold, PARTITIONS)) as shop:
            shop.add(views(products, of_windows(wall_clock(), DAYS)))
            with exporter(configuration, redis.url) as connection:
                first = scrape(connection, "text")
                rounds = {kind: list(_rounds(shop, products, connection, kind)) for kind in FORMATS}
    return {"series": series, **figures(first, rounds)}


def _rounds(
    shop: OnePartition, products: int, connection: HTTPConnection, kind: str
) -> Iterator[tuple[Scrape, Scrape]]:
    for _ in range(ROUNDS):
        shop.add(views(products, [wall_clock()], shop.offset))
        yield scrape(connection, kind), scrape(connection, kind)


def figures(first: Scrape, found: Mapping[str, Rounds]) -> Point:
    """Medians and the most, by what was asked for and whether anything had changed."""
    ends = [rounds[-1][-1] for rounds in found.values()]
    point = {
        "series_shown": ends[-1].series,
        "exporter_megabytes": max(end.resident_megabytes for end in ends),
        "first_milliseconds": _milliseconds(first.seconds),
    }
    for kind, rounds in found.items():
        for when, scrapes in zip(("changed", "same"), zip(*rounds, strict=True), strict=True):
            seconds = [one.seconds for one in scrapes]
            point[f"{kind}_{when}_milliseconds"] = _milliseconds(median(seconds))
            point[f"{kind}_{when}_most_milliseconds"] = _milliseconds(max(seconds))
        begin, end = rounds[0][0], rounds[-1][-1]
        cpu_seconds = (end.cpu_seconds - begin.cpu_seconds) / (2 * len(rounds) - 1)
        point[f"{kind}_cpu_milliseconds"] = _milliseconds(cpu_seconds)
        point[f"{kind}_kilobytes"] = round(end.sent_bytes / 1e3, 1)
    return point


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 1)
