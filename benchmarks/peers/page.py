"""Writes what was recorded to docs/: the figures as JSON, a table and a chart.

    python -m benchmarks.peers.page

makes page and chart anew of the JSON that is there. What stands outside the marks in the page is
written by hand and stays.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.peers.chart import draw
from benchmarks.peers.environments import ROOT
from benchmarks.peers.figures import AIOKAFKA, CATALOGUE, OURS
from benchmarks.recorded_page import made_anew, number

RECORDED = ROOT / "docs" / "performance.json"
PAGE, CHART = RECORDED.with_suffix(".md"), RECORDED.with_suffix(".svg")
BEGIN = "<!-- from docs/performance.json -->"
TITLES = {
    OURS: "**tidegauge**, the same job",
    "kafka_streams": "Kafka Streams",
    "bytewax": "Bytewax",
    "quixstreams": "Quix Streams",
    "faust_windowed": "Faust, windowed tables",
    CATALOGUE: "**tidegauge**, whole default catalogue",
    AIOKAFKA: "aiokafka, reading only",
    "librdkafka": "librdkafka, reading only",
}


def write(figures: Mapping[str, Any]) -> None:
    """Record figures, and make page and chart of them."""
    RECORDED.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    rates = figures["records_per_second"]
    CHART.write_text(
        draw({_plain(TITLES[name]): rates[name] for name in TITLES if name in rates}),
        encoding="utf-8",
    )
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), figures), encoding="utf-8")


def page(text: str, figures: Mapping[str, Any]) -> str:
    """The page with what stands between the marks made anew."""
    return made_anew(text, BEGIN, _lines(figures))


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    machine, rates = figures["machine"], figures["records_per_second"]
    right = "Every result was right." if figures["results_equal"] else "NOT every one was right."
    yield (
        f"{figures['rounds']} rounds on {machine['processors']} processors "
        f"({machine['model'] or machine['system']}), Python {machine['python']}, broker: "
        f"{figures['broker']}, on the same machine. Medians; in brackets the least and the most. "
        f"{right}"
    )
    yield ""
    yield "![Records a second](performance.svg)"
    yield ""
    yield "| | records/s | records per CPU second | peak MB | ours / theirs |"
    yield "|---|--:|--:|--:|--:|"
    for name in (name for name in TITLES if name in rates):
        yield _row(name, figures)
    yield ""
    share = figures["spread_of_ratios"].get("whole_catalogue_of_aiokafka")
    if share:
        yield f"The whole default catalogue reaches {_told(share)} of reading only with aiokafka."
    if figures["settling_seconds"]:
        yield (
            f"At the end it took tidegauge {max(figures['settling_seconds'])} s at most until all "
            "that was folded stood in Redis, persons included."
        )
    yield ""
    for name, rate in figures["without_durability"].items():
        yield f"- {TITLES[name]} without durability, once: {rate:,.0f} records/s"
    for name, why in figures["left_out"].items():
        yield f"- {name} was left out: {why.splitlines()[0]}"


def _row(name: str, figures: Mapping[str, Any]) -> str:
    process = figures["of_the_processes"].get(name, {})
    cpu = process.get("records_per_cpu_second")
    peak = process.get("peak_megabytes")
    ratios = figures["spread_of_ratios"]
    ratio = ratios.get(name) or ratios.get(f"{name}_ceiling")
    cells = (
        TITLES[name],
        _told(figures["records_per_second"][name]),
        number(cpu) if cpu else "",
        number(peak) if peak else "",
        _told(ratio) if ratio else "",
    )
    return f"| {' | '.join(cells)} |"


def _told(found: Mapping[str, float]) -> str:
    return f"{number(found['median'])} ({number(found['least'])} to {number(found['most'])})"


def _plain(title: str) -> str:
    return title.replace("*", "")


if __name__ == "__main__":
    write(json.loads(RECORDED.read_text(encoding="utf-8")))
