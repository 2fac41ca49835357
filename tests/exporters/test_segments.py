"""What segments make is exported, explained and on the page like every other metric."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from exporters.collector import ProductCollector
from exporters.keys import Source
from exporters.page.audience import PRIVATE, Audience, can_be_public
from exporters.page.cards import sheet_of
from exporters.page.rendering import render
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.folding import Folding
from streams.history import History
from streams.published import Published
from tests.exporters.published_events import GENERATION, NOW, Worker, new_folding

PLATFORM = """
[segments.platform]
path = "context.device.type"
values = ["ios", "web"]
"""
FOLDING = new_folding(catalogue=PLATFORM)
METRICS = FOLDING.catalogue.metrics
MADE = [metric for metric in METRICS.values() if metric.segment]


def seen() -> tuple[Folding, View]:
    """Twelve people on the web, two of whom ordered, and one on a phone."""
    worker = Worker(FOLDING)
    web, ios = ({"context": {"device": {"type": name}}} for name in ("web", "ios"))
    worker.send(*[{"userId": f"w{i}", **web} for i in range(12)], {"userId": "i", **ios})
    order = {"type": "track", "event": "Order Completed", "properties": {"revenue": 5}}
    worker.send(*[{"userId": f"w{i}", **order, **web} for i in range(2)])
    held = Published(
        worker.progress(caught_up_at=NOW, published_at=NOW), worker.partition.units.held
    )
    source = Source.of(FOLDING, GENERATION, "events", 1)
    return FOLDING, View.of(FOLDING, Snapshot(source, {0: held}))


def page_of(audience: Audience) -> str:
    folding, view = seen()
    assert view.reading is not None
    partitions = list(view.snapshot.partitions.values())
    days = History(folding).read(partitions, view.reading.as_of, [])
    return render(sheet_of(folding, view, days, [], audience)).live


def test_parts_are_exported_with_their_labels_and_errors() -> None:
    registry = CollectorRegistry()
    registry.register(ProductCollector(*seen()))

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"tidegauge_{name}", labels)

    assert value("active_users_by_platform", platform="web", window="5m") == 12
    assert value("active_users_by_platform_error", platform="web", window="5m") == 0
    assert value("interactions_by_platform_total", platform="web") == 14
    assert value("windowed_page_views_by_platform", platform="ios", window="today") == 1
    ratio = {"goal": "order", "platform": "web", "window": "24h"}
    assert value("conversion_ratio_by_platform", **ratio) == 2 / 12
    assert value("revenue_by_platform_total", currency="USD", platform="web") == 10


def test_the_page_has_a_card_for_each() -> None:
    html = page_of(PRIVATE)
    assert len(MADE) == 8
    assert all(f"{metric.title}<" in html for metric in MADE)
    assert "windows of days too are exact up to about 4,000 persons only" in html


@pytest.mark.parametrize("minimum", [2, 13])
def test_the_public_page_withholds_a_part_of_few(minimum: int) -> None:
    # 1 on ios, 12 on the web: with the whole known, one of two would tell the other
    html = page_of(Audience(("active_users_by_platform",), minimum))
    assert "withheld" in html or f"fewer than {minimum}" in html
    assert ">12<" not in html
    assert ">12<" in page_of(PRIVATE)


def test_what_can_be_public_of_the_whole_can_be_of_its_parts() -> None:
    for metric in MADE:
        whole = METRICS[metric.name.removesuffix("_by_platform")]
        assert can_be_public(metric, FOLDING.catalogue) == can_be_public(whole, FOLDING.catalogue)
