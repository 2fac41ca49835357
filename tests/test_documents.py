"""What people read agrees with what is there."""

import re
import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporters import metrics_page
from streams.catalogue_file import load
from streams.example import mistakes
from streams.folding import Folding
from streams.notes import read_notes
from streams.panes import Calendar
from streams.wire import SEGMENT
from tidegauge.assembly import public_problems
from tidegauge.settings import load_settings
from tidegauge.settings_page import PAGE, page

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
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
    catalogue = load(SEGMENT, {"README": toml_blocks()[0]})
    assert catalogue.metrics["searches"].labels == ("search_mode",)
    example = catalogue.metrics["searches"].example
    assert example is not None
    calendar = Calendar(ZoneInfo("UTC"))
    folding = Folding(catalogue, SEGMENT, calendar, hash_key=b"", is_bot=lambda _: False)
    assert mistakes(folding, example) == []
    assert catalogue.labels["goal"].values == ("signup", "upgrade")


def test_the_example_of_settings_is_accepted(tmp_path: Path) -> None:
    text = toml_blocks()[3]
    assert tomllib.loads(text)
    file = tmp_path / "tidegauge.toml"
    file.write_text(text, encoding="utf-8")
    assert load_settings(str(file), {}).reporting_timezone == "Europe/Paris"


def test_the_example_of_the_page_is_accepted_with_its_notes(tmp_path: Path) -> None:
    settings_text, notes_text = toml_blocks()[1:3]
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
