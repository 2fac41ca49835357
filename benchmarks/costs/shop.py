"""A shop that counts views by product: as many label sets as are wanted, in every pane wanted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from streams.panes import DAY, HOUR, MINUTE

CATALOGUE = """\
[labels.product]
property = ["product"]
{set}

[metrics.product_views]
title = "Product views"
definition = "How often a product was looked at."
formula = "views of a product"
kind = "count"
labels = ["product"]
events = [{{ name = "Product Viewed" }}]
"""
VIEW = (
    b'{"type":"track","event":"Product Viewed","messageId":"%d","userId":"u%d",'
    b'"properties":{"product":"product %d"}}'
)
PEOPLE = 1_000
MINUTES, HOURS, HOURS_KEPT = 60, 24, 35 * 24


class View(NamedTuple):
    """A Kafka record: somebody looked at a product."""

    offset: int
    timestamp: int
    value: bytes


def listed(folder: Path, products: int) -> Path:
    """A configuration in which all products are listed: a closed set, exported whole."""
    values = ", ".join(f'"product {number}"' for number in range(products))
    return _written(folder, f"values = [{values}]")


def open_to(folder: Path, products: int) -> Path:
    """A configuration in which any products may come, that many at most."""
    return _written(folder, f"limit = {products}")


def _written(folder: Path, those: str) -> Path:
    path = folder / "tidegauge.toml"
    path.write_text(CATALOGUE.format(set=those), encoding="utf-8")
    return path


def of_windows(now: int, days: int) -> list[int]:
    """A time in each minute of the last hour, hour of the last day and day; the first one first."""
    return _back(now, MINUTES, HOURS, days)


def of_hours(now: int, days: int) -> list[int]:
    """A time in each hour of so many days, as long as hours are kept, and in each day."""
    return _back(now, MINUTES, min(HOURS * days, HOURS_KEPT), days)


def _back(now: int, minutes: int, hours: int, days: int) -> list[int]:
    counts = ((MINUTE, minutes), (HOUR, hours), (DAY, days))
    return sorted({now - number * size for size, count in counts for number in range(count)})


def views(products: int, times: list[int], offset: int = 0) -> Iterator[View]:
    """Every product is looked at once at each of some times."""
    for time in times:
        for product in range(products):
            yield View(offset, time, VIEW % (offset, offset % PEOPLE, product))
            offset += 1
