"""What is made for the curves of scraping and keeping, and what is read of a scrape."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.costs.scraped import Scrape, read
from benchmarks.costs.scraping import figures
from benchmarks.costs.shop import listed, of_hours, of_windows, open_to, views
from streams.panes import DAY, HOUR, MINUTE, Grain
from streams.partition import Partition
from streams.published import Progress, Published
from streams.reading import Reading
from tidegauge.assembly import folding, load_checked

NOW = 1_750_000_000_000


@pytest.fixture
def partition(tmp_path: Path) -> Partition:
    """Five products, in all panes of a month."""
    fold = folding(load_checked(str(listed(tmp_path, 5)), {}))
    partition = Partition(fold)
    partition.fold(list(views(5, of_windows(NOW, 30))))
    return partition


def test_every_product_has_a_counter_and_a_series_in_each_window(partition: Partition) -> None:
    times = {"caught_up_at": NOW, "published_at": NOW, "checkpoint_at": NOW}
    progress = Progress.of(partition, 0, end_offset=partition.offset, **times)
    reading = Reading.of(partition.folding, [Published(progress, partition.units.held)], NOW)
    shown = [one for one in reading.series if one.metric.name == "product_views"]
    assert {dict(one.labels)["product"] for one in shown} >= {f"product {n}" for n in range(5)}
    found = {one.window: one.value for one in shown if one.labels == (("product", "product 3"),)}
    assert len(found) == 8
    assert all(found.values())
    assert found[None] == len(of_windows(NOW, 30))


def test_every_hour_and_day_that_is_asked_for_is_made(tmp_path: Path) -> None:
    partition = Partition(folding(load_checked(str(open_to(tmp_path, 3)), {})))
    partition.fold(list(views(3, of_hours(NOW, 7))))
    held = [pane.grain for pane in partition.units.held]
    assert held.count(Grain.HOUR) == 7 * 24
    assert held.count(Grain.DAY) == 8  # the first hours are those of an evening


def test_times_are_in_order_and_none_is_later_than_now() -> None:
    for times in (of_windows(NOW, 30), of_hours(NOW, 400)):
        assert times == sorted(set(times))
        assert times[-1] == NOW
    assert {NOW - MINUTE, NOW - HOUR, NOW - 29 * DAY} <= set(of_windows(NOW, 30))


ANSWER = """# HELP tidegauge_up 1 while all is well.
# TYPE tidegauge_up gauge
tidegauge_up 1.0
tidegauge_product_views_total{product="product 1"} 3.0
process_resident_memory_bytes 1.048576e+08
process_cpu_seconds_total 2.5
# EOF
"""


def test_a_scrape_counts_samples_and_says_what_the_exporter_holds() -> None:
    assert read(ANSWER, 0.5, 70) == Scrape(0.5, 4, 70, 100, 2.5)


def test_a_scrape_without_product_metrics_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="no product metrics"):
        read(ANSWER.replace("up 1.0", "up 0.0"), 0.5, 70)


def test_a_point_tells_median_and_most_of_what_changed_and_of_what_did_not() -> None:
    def took(seconds: float, cpu_seconds: float) -> Scrape:
        return Scrape(seconds, 9, 1_500, 80, cpu_seconds)

    rounds = [(took(0.3, 1), took(0.1, 1.1)), (took(0.4, 1.2), took(0.2, 1.3))]
    rounds.append((took(0.2, 1.4), took(0.1, 1.5)))
    assert figures(took(2, 0.5), {"text": rounds}) == {
        "series_shown": 9,
        "exporter_megabytes": 80,
        "first_milliseconds": 2_000,
        "text_changed_milliseconds": 300,
        "text_changed_most_milliseconds": 400,
        "text_same_milliseconds": 100,
        "text_same_most_milliseconds": 200,
        "text_cpu_milliseconds": 100,
        "text_kilobytes": 1.5,
    }
