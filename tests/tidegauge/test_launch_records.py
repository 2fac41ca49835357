"""What marks a launch is written in the words of the catalogue, and understood in every format."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.settings import Refusal
from streams.folding import Folding
from streams.launches.launch import Launch, found
from streams.panes import LIFETIME
from streams.partition import Partition
from tests.streams.made_up import HOUR, Row, fold, moment, published
from tidegauge.assembly import folding
from tidegauge.launch_records import Keyed, LaunchRecords, composed, time_of
from tidegauge.settings import Settings

NOW = moment("2026-11-23T04:11:07.250Z")
VARIANT = '[segments]\nvariant = { property = "variant", values = ["hidden", "shown"] }'
OTHER_WORDS = """
[launches]
started = "Flag On"
name = "flag"
metrics = "watch"
at = "when"
[active]
exclude = ["Flag On", "Launch Ended"]
"""
PATHS = {"message_id": "id", "user": "who", "time": "time", "name": "what", "properties": "said"}
RULES = folding(Settings(reporting_timezone="Europe/Paris"))


def rules(added: str = VARIANT, **changes: Any) -> Folding:
    mine = Settings(reporting_timezone="Europe/Paris", catalogue={"mine.toml": added})  # type: ignore[dict-item]
    return folding(replace(mine, **changes))


def understood(given_rules: Folding, *records: Keyed) -> list[Launch]:
    partition = Partition(given_rules)
    fold(partition, [Row(n, NOW, value) for n, (_, value) in enumerate(records)])
    assert partition.units.held[LIFETIME].state["outcomes"] == {("accepted",): len(records)}
    assert "skipped" not in partition.units.held[LIFETIME].state
    return found(given_rules, [published(partition)])


@pytest.mark.parametrize(
    "given_rules",
    [
        rules(),
        rules(source_format="cloudevents"),
        rules(source_format="custom", source_paths=PATHS),
        rules(VARIANT + OTHER_WORDS),
    ],
    ids=["segment", "cloudevents", "custom", "other words"],
)
def test_what_is_written_is_understood(given_rules: Folding) -> None:
    records = LaunchRecords(given_rules, NOW)
    metrics = ['conversions{goal="order"}', "active_users"]
    start = records.start("New pricing", NOW - HOUR, metrics, ["cancellations"], "variant")
    expected = Launch(
        "New pricing", NOW - HOUR, None, tuple(metrics), ("cancellations",), "variant"
    )
    assert understood(given_rules, start) == [expected]
    later = LaunchRecords(given_rules, NOW + 1).end("New pricing", NOW + 1)
    assert understood(given_rules, start, later) == [expected._replace(end=NOW + 1)]


@given(st.text(min_size=1, max_size=120))
def test_a_name_is_refused_or_kept_as_it_is(name: str) -> None:
    try:
        record = LaunchRecords(RULES, NOW).start(name, NOW)
    except Refusal as error:
        assert "NAME" in str(error)  # noqa: PT017 - either is right
    else:
        assert [launch.name for launch in understood(RULES, record)] == [name]


def test_it_makes_nobody_active() -> None:
    partition = fold(Partition(RULES), [Row(0, NOW, LaunchRecords(RULES, NOW).start("x", NOW)[1])])
    active = RULES.catalogue.fold_id(RULES.catalogue.metrics["active_users"])
    assert all(active not in unit.state for unit in partition.units.held.values())


def test_what_is_told_anew_is_never_taken_for_a_repetition() -> None:
    told = [
        LaunchRecords(RULES, NOW).start("x", NOW - 5, ["conversions"]),
        LaunchRecords(RULES, NOW).start("x", NOW - 5, ["cancellations"]),
        LaunchRecords(RULES, NOW + 1).start("x", NOW - 5, ["conversions"]),  # corrected back
        LaunchRecords(RULES, NOW).start("x", NOW - 4, ["conversions"]),
        LaunchRecords(RULES, NOW).start("y", NOW - 5, ["conversions"]),
        LaunchRecords(RULES, NOW).end("x", NOW - 5),
    ]
    ids = [json.loads(value)["messageId"] for _, value in told]
    assert len(set(ids)) == len(ids)


def test_a_name_is_kept_as_it_looks_however_it_was_written() -> None:
    assert composed("Cafe\u0301 launch") == "Caf\u00e9 launch"
    records = LaunchRecords(RULES, NOW)
    assert records.start(composed("Cafe\u0301"), NOW)[0] == "Caf\u00e9".encode()


def test_all_records_of_a_launch_have_one_key() -> None:
    records = LaunchRecords(RULES, NOW)
    assert records.start("x", NOW)[0] == records.end("x", NOW)[0] == b"x"


def test_everything_wrong_is_told_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        LaunchRecords(rules(), NOW).start(
            " x", NOW, ["convertions", "revenue"], ["conversions"] * 11 + ["y" * 201], "platform"
        )
    told = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "NAME",
        "--metric",
        "--metric",
        "--guardrail",
        "--guardrail",
        "--split",
    ]
    assert "did you mean 'conversions'?" in told[1]
    assert "cannot be compared" in told[2]
    assert "12 are too many" in told[3]
    assert "there are variant" in told[5]


@pytest.mark.parametrize(
    ("given_rules", "says"),
    [
        (rules('[active]\nexclude = ["Launch Ended"]'), "put it on the list `exclude`"),
        (
            rules(
                source_format="custom",
                source_paths={"message_id": "id", "user": "who", "time": "at", "name": "name"},
            ),
            "name another property in `[launches]`",
        ),
    ],
)
def test_what_would_not_be_understood_is_refused(given_rules: Folding, says: str) -> None:
    with pytest.raises(Refusal) as caught:
        LaunchRecords(given_rules, NOW).start("x", NOW)
    assert says in str(caught.value)


def test_a_time_without_an_offset_is_of_the_reporting_time_zone() -> None:
    assert time_of("2026-11-22T20:00", RULES, NOW) == moment("2026-11-22T20:00+01:00")
    assert time_of("2026-11-22T20:00Z", RULES, NOW) == moment("2026-11-22T20:00+00:00")
    assert time_of(None, RULES, NOW) == NOW


@pytest.mark.parametrize("text", ["soon", "", "2026-11-23T05:12", "1999-12-31", "0001-01-01"])
def test_another_time_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="--at"):
        time_of(text, RULES, NOW)
