"""What people read agrees with what is there."""

import json
import re
import tomllib
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporters import metrics_page
from exporters.collector import describe
from streams.catalogue import Example, Given
from streams.catalogue_file import load
from streams.example import found, mistakes, series_of
from streams.folding import Folding
from streams.notes import read_notes
from streams.panes import LIFETIME, MINUTE, Calendar
from streams.partition import Partition
from streams.wire import SEGMENT
from tests.streams.made_up import Row, body, fold
from tidegauge.assembly import folding, public_problems, worker_settings
from tidegauge.settings import Settings
from tidegauge.settings_page import PAGE, page
from tidegauge.settings_sources import load_settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.toml"))
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")
TABLE_NAME = re.compile(r"`(\w+)(?:\{[^}]*\})?`")


def toml_blocks() -> list[str]:
    return re.findall(r"```toml\n(.*?)```", README, re.DOTALL)


def test_the_settings_page_is_what_the_settings_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m tidegauge.settings_page"


def test_the_metrics_page_is_what_the_catalogue_says() -> None:
    told = metrics_page.PAGE.read_text(encoding="utf-8")
    assert told == metrics_page.page(load(SEGMENT)), "run python -m exporters.metrics_page"


def test_the_example_of_segments_comes_to_what_the_settings_page_says() -> None:
    told = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", told, re.DOTALL)
    calendar = Calendar(ZoneInfo("UTC"))
    catalogue = load(SEGMENT, {"settings.md": block})
    folding = Folding(catalogue, SEGMENT, calendar, hash_key=b"", is_bot=lambda _: False)
    at, where = datetime(2026, 3, 2, 10), "context.device.type"  # noqa: DTZ001 - local time
    seen = [("ada", "ios"), ("ada", "web"), ("bob", "web"), ("cy", "tv")]
    given = [Given(at, person, "page", "Home", {where: part}) for person, part in seen]
    example = Example((*given, Given(at, "dee", "page", "Home", {})), at, {})
    series = found(folding, example)
    assert series['active_users{window="today"}'] == 4
    words = re.search(r"`active_users_by_platform` is (.*?)\. ", told, re.DOTALL)
    assert words is not None
    for number, part in re.findall(r"(\d) for\s`(\w+)`", words[1]):
        name = f'active_users_by_platform{{platform="{part}",window="today"}}'
        assert series.pop(name) == int(number)
    assert not any(
        name.startswith("active_users_by_platform{") and "today" in name for name in series
    )
    made = {name for name, metric in catalogue.metrics.items() if metric.segment}
    assert made <= set(re.findall(r"`(\w+_by_platform)`", told))
    assert all(
        f"## {catalogue.metrics[name].title}\n" in metrics_page.page(catalogue) for name in made
    )


def test_the_topics_and_groups_are_told_that_a_worker_has() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    told = told.partition("## What it has in Kafka")[2]
    settings = worker_settings(Settings())
    persons = settings.of_persons()
    own = (settings.changelog_topic, settings.facts_topic, settings.dead_letter_topic)
    rows = re.findall(r"^\| `([\w-]+-[\w-]+)` \|", told, re.MULTILINE)
    assert sorted(rows) == sorted([*own, persons.changelog_topic])
    assert f"groups `{settings.group}`, `{persons.group}`" in told


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_example_of_a_metric_makes_a_metric() -> None:
    catalogue = load(SEGMENT, {"README": toml_blocks()[1]})
    assert catalogue.metrics["searches"].labels == ("search_mode",)
    example = catalogue.metrics["searches"].example
    assert example is not None
    calendar = Calendar(ZoneInfo("UTC"))
    folding = Folding(catalogue, SEGMENT, calendar, hash_key=b"", is_bot=lambda _: False)
    assert mistakes(folding, example) == []
    assert catalogue.labels["goal"].values == ("signup", "upgrade")


def test_ten_lines_of_toml_make_the_gauges_and_the_help_that_are_shown() -> None:
    block = toml_blocks()[0]
    assert len(block.splitlines()) <= 10
    metric = load(SEGMENT, {"README": block}).metrics["support_rating"]
    (told,) = [line for line in README.splitlines() if line.startswith("# HELP ")]
    assert told == f"# HELP {metric.gauge_name('responses')} {describe(metric, 'responses')}"
    shown = re.findall(r"^(tidegauge_support_rating\w*)\{", README, re.MULTILINE)
    assert tuple(shown) == metric.gauge_names


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_to_copy_is_a_configuration_by_itself(file: Path) -> None:
    settings = load_settings(str(file), {})
    own = tomllib.loads(file.read_text("utf-8"))["metrics"].keys()
    catalogue = folding(settings).catalogue
    assert own
    assert own <= catalogue.metrics.keys()
    assert all(catalogue.metrics[name].title in metrics_page.page(catalogue) for name in own)


BAD_INPUT_PAGE = (ROOT / "docs" / "bad-input.md").read_text("utf-8")
BAD_INPUT = re.findall(
    r"`(\w[\w ]+)` with `(\{.*?\})` .*"
    r'`tidegauge_skipped_values_total\{metric="(\w+)",reason="(\w+)"\}`',
    BAD_INPUT_PAGE,
)
ODD_INPUT = [line for line in BAD_INPUT_PAGE.splitlines() if re.search(r"` is \d", line)]


def bad_folding() -> Folding:
    calendar = Calendar(ZoneInfo("UTC"))
    return Folding(load(SEGMENT), SEGMENT, calendar, hash_key=b"", is_bot=lambda _: False)


def bad_row(number: int, event: str, content: str) -> Row:
    """A record that the page tells of; each is a minute later than the one before."""
    time = 1_772_366_400_000 + number * MINUTE
    said, message_id = json.loads(content), str(number)
    if event == "identify":
        value = body(None, kind=event, message_id=message_id, time=time, traits=said)
    else:
        value = body(event, message_id=message_id, time=time, properties=said)
    return Row(number, time, value)


@pytest.mark.parametrize(("event", "properties", "metric", "reason"), BAD_INPUT)
def test_bad_input_becomes_what_the_page_says(
    event: str, properties: str, metric: str, reason: str
) -> None:
    folding = bad_folding()
    partition = fold(Partition(folding), [bad_row(0, event, properties)])
    state = partition.units.held[LIFETIME].state
    assert state["outcomes"] == {("accepted",): 1}
    assert state["skipped"] == {(metric, reason): 1}
    if metric in folding.catalogue.metrics:
        assert folding.catalogue.fold_id(folding.catalogue.metrics[metric]) not in state
    told = partition.outbox.take(partition.offset, 0)
    assert metric not in {facts.name for facts in told.facts}


@pytest.mark.parametrize("line", ODD_INPUT, ids=lambda line: line.split(":")[0].strip("| "))
def test_input_that_can_mean_two_things_counts_as_the_page_says(line: str) -> None:
    events = re.findall(r"`(\w[\w ]+)` with `(\{.*?\})`", line)
    rows = [bad_row(number, *event) for number, event in enumerate(events)]
    series = series_of(bad_folding(), rows, rows[-1].timestamp)
    gives = re.findall(r"`tidegauge_(\w+(?:\{[^`]*\})?)` is (\d+)", line)
    assert gives
    assert {name: series[name] for name, _ in gives} == {name: int(value) for name, value in gives}


def test_the_page_about_bad_input_knows_every_reason_to_leave_a_value_out() -> None:
    reasons = {"no_value", "not_a_number", "negative", "absurd", "unknown_label"}
    reasons |= {"out_of_range", "not_whole", "bad_time", "future"}
    reasons |= {"no_name", "not_text", "too_many"}
    reasons |= {"no_person", "other_key"}
    assert {row[3] for row in BAD_INPUT} == reasons


def test_the_example_of_settings_is_accepted(tmp_path: Path) -> None:
    text = toml_blocks()[4]
    assert tomllib.loads(text)
    file = tmp_path / "tidegauge.toml"
    file.write_text(text, encoding="utf-8")
    assert load_settings(str(file), {}).reporting_timezone == "Europe/Paris"


def test_the_example_of_the_page_is_accepted_with_its_notes(tmp_path: Path) -> None:
    settings_text, notes_text = toml_blocks()[2:4]
    file = tmp_path / "tidegauge.toml"
    file.write_text(settings_text, encoding="utf-8")
    catalogue = load(SEGMENT)
    settings = load_settings(str(file), {})
    assert list(public_problems(settings, catalogue)) == []
    assert len(read_notes(notes_text, settings.exporter_notes, catalogue.metrics)) == 1


def test_every_metric_of_the_table_is_exported() -> None:
    catalogue = load(SEGMENT)
    exported = {name for metric in catalogue.metrics.values() for name in metric.exported_names}
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    rows = [line for line in rows if not line.startswith("| `tidegauge ")]
    named = {name for row in rows for name in TABLE_NAME.findall(row.split("|")[1])}
    assert named, "the table is gone"
    assert {f"tidegauge_{name}" for name in named} <= exported


def test_the_shipped_catalogue_explains_every_metric() -> None:
    for metric in load(SEGMENT).metrics.values():
        assert metric.title, metric.name
        assert metric.definition.endswith("."), metric.name
        assert metric.formula, metric.name
