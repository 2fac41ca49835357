"""What is written of the past: a file that Prometheus' own tool takes, with a scrape's series."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from prometheus_client import Metric as Family
from prometheus_client.openmetrics import parser

from exporters.backfill import PastGauges
from exporters.collector import ProductCollector
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.backfill import Backfill
from streams.panes import DAY, MINUTE, SECOND
from streams.persons.shard import Shard
from streams.published import Published
from tests.exporters.published_events import GENERATION, NOW, Worker, new_folding
from tests.prometheus_server import Prometheus

DOCUMENT = (Path(__file__).parents[2] / "docs" / "history.md").read_text("utf-8")
NASTY = 'He said "no\\n",\\ twice — ü'
FOLDING = new_folding()
BEGIN = NOW - 3 * DAY
TARGET = {"job": "tidegauge-exporter", "instance": "exporter:9480"}
RECORDED = re.compile(r"job:(\w+):max")

Labels = frozenset[tuple[str, str]]
Samples = dict[int, dict[tuple[str, Labels], float]]
"""By instant, in milliseconds."""


def state(until: int) -> Snapshot:
    """What is published of three days by one who knows only what had happened by an instant."""
    worker = Worker(FOLDING)
    for number in range(3 * 24 * 6):
        time = BEGIN + number * 10 * MINUTE
        if time <= until:
            worker.send({"name": NASTY if number % 3 else "Home"}, order(number), time=time)
    worker.now = until
    shard = Shard(FOLDING.calendar, GENERATION)
    told = worker.tell(shard)
    held = Published(worker.progress(), dict(worker.partition.units.held))
    return Snapshot(None, {0: held}, {0: told})


def order(number: int) -> dict[str, object]:
    return {
        "type": "track",
        "event": "Order Completed",
        "userId": f"buyer {number % 7}",
        "properties": {"revenue": number / 10, "currency": "EUR"},
    }


@pytest.fixture(scope="module")
def backfill() -> Backfill:
    now = state(NOW)
    return Backfill(FOLDING, [*now.partitions.values()], [*now.shards.values()])


def past(backfill: Backfill, target: Mapping[str, str]) -> PastGauges:
    gauges = PastGauges(FOLDING.catalogue, target)
    for end in backfill.ends(0, backfill.final_until):
        gauges.add(backfill.read(end))
    return gauges


@pytest.fixture(scope="module")
def text(backfill: Backfill) -> str:
    return "".join(past(backfill, TARGET).lines())


def families(text: str) -> list[Family]:
    return list(parser.text_string_to_metric_families(text))  # type: ignore[no-untyped-call]


def samples_of(found: Sequence[Family]) -> Samples:
    samples: Samples = {}
    for family in found:
        for one in family.samples:
            at = samples.setdefault(round(float(one.timestamp or 0) * SECOND), {})
            assert (one.name, frozenset(one.labels.items())) not in at
            at[one.name, frozenset(one.labels.items())] = one.value
    return samples


def test_every_series_is_one_of_a_scrape_at_that_instant_and_has_its_value(text: str) -> None:
    samples = samples_of(families(text))
    assert len(samples) >= 24
    for instant in (min(samples), max(samples)):
        view = View.of(FOLDING, state(instant))
        assert view.reading is not None
        assert view.reading.as_of == instant
        scraped = {
            (one.name, frozenset({**one.labels, **TARGET}.items())): one.value
            for family in ProductCollector(FOLDING, view).collect()
            for one in family.samples
        }
        told = {key: v for key, v in samples[instant].items() if not RECORDED.match(key[0])}
        assert told.items() <= scraped.items()
        assert {name for name, _ in told} > {"tidegauge_active_users", "tidegauge_window_complete"}


def test_help_and_type_are_those_of_a_scrape(text: str) -> None:
    view = View.of(FOLDING, state(NOW))
    scraped = {f.name: (f.documentation, f.type) for f in ProductCollector(FOLDING, view).collect()}
    for family in families(text):
        recorded = RECORDED.fullmatch(family.name)
        assert (family.documentation, family.type) == scraped[
            recorded[1] if recorded else family.name
        ]
        assert family.type == "gauge"


def test_what_is_recorded_is_the_same_without_the_instance(text: str) -> None:
    for at in samples_of(families(text)).values():
        recorded = {
            (found[1], labels | {("instance", TARGET["instance"])}): value
            for (name, labels), value in at.items()
            if (found := RECORDED.fullmatch(name))
        }
        assert recorded == {key: value for key, value in at.items() if not RECORDED.match(key[0])}


def test_without_an_instance_only_what_is_recorded_is_written(backfill: Backfill) -> None:
    found = families("".join(past(backfill, {"job": "mine"}).lines()))
    assert found
    assert all(RECORDED.fullmatch(family.name) for family in found)
    assert all(one.labels["job"] == "mine" for family in found for one in family.samples)


def test_a_label_of_the_target_wins_and_the_others_name_is_as_prometheus_makes_it(
    backfill: Backfill,
) -> None:
    found = families("".join(past(backfill, {"page": "a target's"}).lines()))
    pages = [f for f in found if f.name == "job:tidegauge_windowed_page_views:max"]
    told = {(one.labels["page"], one.labels["exported_page"]) for one in pages[0].samples}
    assert told == {("a target's", "Home"), ("a target's", NASTY)}


def test_numbers_are_counted_once_each(backfill: Backfill) -> None:
    gauges = past(backfill, {"job": "mine"})
    lines = [line for piece in gauges.lines() for line in piece.splitlines()]
    assert gauges.count == sum(not line.startswith("#") for line in lines)


def commands() -> Iterator[list[str]]:
    """Those that the page tells of: on the host, and then with docker compose."""
    for block in re.findall(r"```console\n(.*?)```", DOCUMENT, re.DOTALL):
        yield re.findall(r"^\$ (.+)$", block, re.MULTILINE)


IN_PROMETHEUS = "docker compose exec prometheus "
ON_HOST, WITH_COMPOSE = (
    [command.removeprefix(IN_PROMETHEUS) for command in one if "docker compose cp" not in command]
    for one in commands()
)
"""What is run where Prometheus is; the first command writes the file."""


def healed(folder: Path, text: str, commands: Sequence[str] = ON_HOST) -> Path:
    """The folder of a Prometheus after all that comes after the first command."""
    data = folder / "prometheus"
    data.mkdir()
    for place in (folder, data):
        (place / "history.om").write_text(text, encoding="utf-8")
    for command in commands[1:]:
        shell = ["/bin/sh", "-ec", command.replace("/prometheus/", f"{data}/")]
        done = subprocess.run(shell, cwd=folder, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    return data


@pytest.mark.prometheus
def test_with_compose_the_same_blocks_are_made_and_nothing_else_is_left(
    text: str, promtool: str, tmp_path: Path
) -> None:
    assert promtool
    folders = [tmp_path / name for name in ("host", "compose")]
    for folder in folders:
        folder.mkdir()
    host, compose = map(healed, folders, (text, text), (ON_HOST, WITH_COMPOSE))
    blocks, there = (
        {one.parent for one in folder.glob("*/meta.json")} for folder in (host, compose)
    )
    assert set(compose.iterdir()) == there
    assert len(there) == len(blocks) > 0


@pytest.mark.prometheus
def test_a_prometheus_with_the_blocks_answers_what_was_written(
    text: str, promtool: str, tmp_path: Path
) -> None:
    assert promtool
    samples = samples_of(families(text))
    with Prometheus({}, healed(tmp_path, text)) as prometheus:
        for instant in (min(samples), max(samples)):
            # At the whole hour after it, as boards ask.
            found = prometheus.query('{__name__=~".+"}', (instant + 1) / SECOND)
            answered = {
                (labels.pop("__name__"), frozenset(labels.items())): value
                for labels, value in found
            }
            assert answered == samples[instant]
            asked = "timestamp(job:tidegauge_active_users:max)"
            ((_, exact), *_) = prometheus.query(asked, (instant + 1) / SECOND)
            assert round(exact * SECOND) == instant


@pytest.mark.prometheus
def test_recording_rules_make_of_the_gauges_what_is_written_beside_them(
    text: str, promtool: str, tmp_path: Path
) -> None:
    assert promtool
    whole = max(samples_of(families(text))) + 1
    with Prometheus({}, healed(tmp_path, text)) as prometheus:
        rule = prometheus.query("max without (instance) (tidegauge_active_users)", whole / SECOND)
        written = prometheus.query("job:tidegauge_active_users:max", whole / SECOND)
    told = [
        sorted(
            (tuple(sorted((n, v) for n, v in labels.items() if n != "__name__")), value)
            for labels, value in found
        )
        for found in (rule, written)
    ]
    assert told[0] == told[1] != []


@pytest.mark.prometheus
def test_a_file_that_was_cut_short_makes_no_blocks(
    text: str, promtool: str, tmp_path: Path
) -> None:
    file = tmp_path / "cut.om"
    file.write_text(text[: len(text) // 2].rpartition("\n")[0] + "\n", encoding="utf-8")
    blocks = tmp_path / "blocks"
    call = [promtool, "tsdb", "create-blocks-from", "openmetrics", str(file), str(blocks)]
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert not blocks.exists() or not list(blocks.iterdir())
