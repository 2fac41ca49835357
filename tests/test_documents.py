"""What people read agrees with what is there."""

import json
import re
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporters import metrics_page
from exporters.collector import describe
from streams.catalogue_file import load
from streams.example import mistakes
from streams.folding import Folding
from streams.notes import read_notes
from streams.panes import LIFETIME, Calendar
from streams.partition import Partition
from streams.wire import SEGMENT
from tests.streams.made_up import Row, body, fold
from tidegauge.assembly import folding, public_problems
from tidegauge.settings import load_settings
from tidegauge.settings_page import PAGE, page

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


BAD_INPUT = re.findall(
    r"`(\w[\w ]+)` with `(\{.*?\})` .*"
    r'`tidegauge_skipped_values_total\{metric="(\w+)",reason="(\w+)"\}`',
    (ROOT / "docs" / "bad-input.md").read_text("utf-8"),
)


@pytest.mark.parametrize(("event", "properties", "metric", "reason"), BAD_INPUT)
def test_bad_input_becomes_what_the_page_says(
    event: str, properties: str, metric: str, reason: str
) -> None:
    folding = Folding(
        load(SEGMENT), SEGMENT, Calendar(ZoneInfo("UTC")), hash_key=b"", is_bot=lambda _: False
    )
    time = 1_772_366_400_000
    record = body(event, time=time, properties=json.loads(properties))
    partition = fold(Partition(folding), [Row(0, time, record)])
    state = partition.units.held[LIFETIME].state
    assert state["outcomes"] == {("accepted",): 1}
    assert state["skipped"] == {(metric, reason): 1}
    fold_id = folding.catalogue.fold_id(folding.catalogue.metrics[metric])
    assert fold_id not in state


def test_the_page_about_bad_input_knows_every_reason_to_leave_a_value_out() -> None:
    reasons = {"no_value", "not_a_number", "negative", "absurd", "unknown_label"}
    assert {row[3] for row in BAD_INPUT} == reasons | {"out_of_range", "not_whole"}


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
