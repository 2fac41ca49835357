"""The worked example of every metric gives what it says, in every wire format."""

import tomllib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from streams.catalogue_file import load
from streams.example import found, mistakes
from streams.folding import Folding
from streams.panes import Calendar
from streams.schema import ConfigurationError
from streams.wire import CLOUDEVENTS, SEGMENT, WireFormat

METRICS = load(SEGMENT, {}).metrics
TO_COPY = sorted((Path(__file__).parents[2] / "docs" / "examples").glob("*.toml"))
CUSTOM = WireFormat(message_id="id", user="who.id", time="at", kind="what", name="what_exactly")


def a_folding(wire: WireFormat = SEGMENT, zone: str = "Europe/Paris", added: str = "") -> Folding:
    catalogue = load(wire, {"added.toml": added})
    calendar = Calendar(ZoneInfo(zone))
    return Folding(catalogue, wire, calendar, hash_key=b"k", is_bot=lambda _: False)


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_that_is_shipped_has_an_example_that_holds(name: str) -> None:
    example = METRICS[name].example
    assert example is not None
    assert any(name in series for series in example.gives)
    for zone in ("Europe/Paris", "America/New_York", "Asia/Kathmandu"):
        assert mistakes(a_folding(zone=zone), example) == []


@pytest.mark.parametrize("file", TO_COPY, ids=lambda path: path.stem)
def test_every_metric_of_an_example_to_copy_has_an_example_that_holds(file: Path) -> None:
    folding = a_folding(added=file.read_text(encoding="utf-8"))
    own = folding.catalogue.metrics.keys() - METRICS.keys()
    assert own
    for name in own:
        example = folding.catalogue.metrics[name].example
        assert example is not None
        assert all(series.startswith(name) for series in example.gives)
        assert mistakes(folding, example) == []
    for name, metric in METRICS.items():
        assert folding.catalogue.fold_id(metric) == a_folding().catalogue.fold_id(metric), name


def test_an_example_to_copy_shows_a_net_score_and_a_minimum() -> None:
    texts = [tomllib.loads(file.read_text(encoding="utf-8"))["metrics"] for file in TO_COPY]
    keys = {key for metrics in texts for table in metrics.values() for key in table}
    assert {"bad", "good", "minimum", "numerator"} <= keys


@pytest.mark.parametrize("name", ["conversions", "cancellations", "shares", "revenue", "csat"])
@pytest.mark.parametrize("wire", [CLOUDEVENTS, CUSTOM], ids=["cloudevents", "custom"])
def test_examples_hold_in_other_wire_formats(wire: WireFormat, name: str) -> None:
    example = METRICS[name].example
    assert example is not None
    assert mistakes(a_folding(wire), example) == []


def test_a_mistake_says_what_is_so() -> None:
    folding = a_folding()
    example = METRICS["interactions"].example
    assert example is not None
    wrong = type(example)(example.events, example.at, {"interactions_total": 3, "nothing": 1})
    assert mistakes(folding, wrong) == [
        "interactions_total is 2, not 3",
        "nothing is absent, not 1",
    ]
    assert found(folding, wrong)["interactions_total"] == 2


ADDED = """
[metrics.searches]
title = "Searches"
definition = "d"
formula = "f"
kind = "count"
events = [{ name = "Search Performed" }]
[metrics.searches.example]
"""
GOOD = """
events = [{ at = 2026-03-02T10:00:00, person = "ada", event = "Search Performed" }]
at = 2026-03-02T10:01:00
gives = { searches_total = 1 }
"""


def test_a_metric_of_ones_own_can_have_an_example() -> None:
    folding = a_folding(added=ADDED + GOOD)
    example = folding.catalogue.metrics["searches"].example
    assert example is not None
    assert mistakes(folding, example) == []


@pytest.mark.parametrize(
    ("replaced", "by", "said"),
    [
        ("at = 2026-03-02T10:01:00", 'at = "10:01"', "example.at: must be a local date and time"),
        ("at = 2026-03-02T10:01:00", "", "needs 'at': a local date and time"),
        ('person = "ada", ', "", "example.events[0]: needs 'person'"),
        ("event = ", "kind = ", "example.events[0].kind: must be one of track, page"),
        ("{ searches_total = 1 }", "{}", "example.gives: must be a table of series"),
        ("searches_total = 1", "searches_total = true", "example.gives: must be a table of series"),
        ("gives", "give", "unknown key 'give'; did you mean 'gives'?"),
        ("[{ at", "[7, { at", "example.events[0]: must be a table, not 7"),
    ],
)
def test_what_is_wrong_with_an_example_is_told_with_its_place(
    replaced: str, by: str, said: str
) -> None:
    assert replaced in GOOD
    with pytest.raises(ConfigurationError) as refused:
        a_folding(added=ADDED + GOOD.replace(replaced, by))
    assert said in str(refused.value)
