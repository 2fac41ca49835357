"""What states a subscriber is in the words of the catalogue, and is understood in every format."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from agents.settings import Refusal
from streams.example import series_of
from streams.folding import Folding
from tests.streams.made_up import Row, moment
from tidegauge.assembly import folding
from tidegauge.settings import Settings
from tidegauge.subscriber_file import Subscriber, Terms, read_subscribers
from tidegauge.subscriber_records import SubscriberRecords

NOW = datetime(2026, 11, 23, 4, 11, 7, tzinfo=UTC)
SINCE = datetime(2026, 11, 23, tzinfo=ZoneInfo("Europe/Paris"))
ADA = Subscriber("ada", "pro", datetime(2024, 5, 1, tzinfo=UTC))
BOB = Subscriber("bob", "starter", datetime(2025, 5, 1, tzinfo=UTC))
PATHS = {"message_id": "id", "user": "who.id", "time": "at", "name": "what", "kind": "kind"}
PAGE = (Path(__file__).parents[2] / "docs" / "subscribers.md").read_text(encoding="utf-8")
(LISTED,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
"""The page's own example."""
OTHER_NAMES = """
[labels.plan]
property = "tier"
trait = "level"
[facts.declared]
events = [{ kinds = ["identify"], says = "", time = "all_since" }]
"""


def rules(added: str = "", **changes: Any) -> Folding:
    catalogue = {"mine.toml": added} if added else {}
    mine = Settings(reporting_timezone="Europe/Paris", catalogue=catalogue)  # type: ignore[arg-type]
    return folding(replace(mine, **changes))


def records(given: Folding, since: datetime = SINCE, now: datetime = NOW) -> SubscriberRecords:
    return SubscriberRecords(given, since, now)


def content(keyed: tuple[bytes, bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(keyed[1])
    assert found.pop("messageId").startswith("import-")
    return found


def test_a_subscriber_is_an_identify_of_now_with_the_time_of_then() -> None:
    keyed = records(rules()).of(ADA)
    assert keyed[0] == b"ada"
    assert content(keyed) == {
        "type": "identify",
        "userId": "ada",
        "timestamp": "2026-11-23T04:11:07+00:00",
        "traits": {"plan": "pro", "subscribed_at": "2024-05-01T00:00:00+00:00"},
    }


def test_a_list_is_declared_whole_from_a_local_midnight_on() -> None:
    assert content(records(rules()).declaration) == {
        "type": "track",
        "event": "Subscribers Declared",
        "userId": "tidegauge-import",
        "timestamp": "2026-11-23T04:11:07+00:00",
        "properties": {"since": "2026-11-23T00:00:00+01:00"},
    }


def ids(written: SubscriberRecords) -> list[str]:
    said = [written.of(ADA), written.of(BOB), written.declaration]
    return [json.loads(value)["messageId"] for _, value in said]


def test_the_same_list_has_the_same_ids_whenever_it_is_told() -> None:
    first = ids(records(rules()))
    assert len(set(first)) == 3
    assert ids(records(rules(), now=NOW.replace(hour=5))) == first
    assert not set(ids(records(rules(), since=SINCE.replace(day=22)))) & set(first)
    other = records(rules()).of(ADA._replace(plan="free"))
    assert json.loads(other[1])["messageId"] not in first


@pytest.mark.parametrize(
    ("added", "changes"),
    [
        ("", {}),
        ("", {"person_key": "anonymous_else_user"}),
        ("", {"person_key": "user_only"}),
        ("", {"source_format": "custom", "source_paths": PATHS}),
        (
            "",
            {
                "source_format": "custom",
                "source_paths": PATHS | {"properties": "data", "traits": "who.says"},
            },
        ),
        (LISTED, {}),
        (LISTED, {"source_format": "cloudevents"}),
        (
            LISTED,
            {
                "source_format": "custom",
                "source_paths": {name: path for name, path in PATHS.items() if name != "kind"},
            },
        ),
        (
            OTHER_NAMES,
            {},
        ),
    ],
)
def test_what_is_written_is_understood(added: str, changes: dict[str, Any]) -> None:
    given = rules(added, **changes)
    written = records(given)
    values = [written.of(ADA)[1], written.of(BOB)[1], written.declaration[1]]
    at = moment("2026-11-23T04:11:08Z")
    series = series_of(given, [Row(n, at, value) for n, value in enumerate(values)], at)
    assert series['subscribers{plan="pro"}'] == 1
    assert series['subscribers{plan="starter"}'] == 1
    assert series['churn_ratio{window="today"}'] == 0
    assert 'churn_ratio{window="7d"}' not in series
    assert series["unknown_cancellations"] == 0
    assert series['active_users{window="today"}'] == 0


@pytest.mark.parametrize(
    ("added", "changes", "said"),
    [
        (
            "",
            {"source_format": "cloudevents"},
            "facts.subscription: no event of it can be written that has a `time` of its own, since",
        ),
        (
            '[facts.subscription]\nlabel = "plan"\nevents = [{ name = "Subscription Started" }]',
            {},
            "facts.subscription: no event of it can be written that has a `time` of its own; add",
        ),
        (
            '[facts.declared]\nevents = [{ name = "Subscribers Declared", says = "" }]',
            {},
            "facts.declared: no event of it can be written that has a `time` of its own; add one",
        ),
        (
            '[active]\nexclude = ["NPS Answered"]',
            {},
            "facts.declared: 'Subscribers Declared' would make those active of whom it is told",
        ),
        (
            LISTED.replace('"Subscriber Listed", "Sub', '"Sub'),
            {},
            "facts.subscription: 'Subscriber Listed' would make those active of whom it is told",
        ),
    ],
)
def test_a_catalogue_without_words_for_it_is_told_what_it_lacks(
    added: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(Refusal) as refused:
        records(rules(added, **changes))
    assert str(refused.value).startswith(said)


def test_an_event_that_would_do_is_named_where_there_is_none() -> None:
    with pytest.raises(Refusal, match=r'such as \{ name = "Subscriber Listed", time'):
        records(rules(source_format="cloudevents"))


PLAN = '[labels.plan]\nproperty = "plan"\ntrait = "plan"\n'


@pytest.mark.parametrize(
    ("added", "plan", "problem"),
    [
        ("", "pro", None),
        ("", "Pro", "is none of free, starter, pro, enterprise"),
        ("", "", "is none of free, starter, pro, enterprise"),
        ("", "__other__", "is none of free, starter, pro, enterprise"),
        (PLAN + 'values = ["none", "gold"]\ndefault = "none"', "none", "is none of gold"),
        (PLAN, "whatever", None),
        (PLAN, "", "names none"),
        (PLAN, "__none__", "names none"),
        (PLAN, "p" * 101, "is too long or holds a control character"),
        (PLAN, "a\tb", "is too long or holds a control character"),
    ],
)
def test_a_plan_is_one_that_will_be_counted(added: str, plan: str, problem: str | None) -> None:
    assert records(rules(added)).plan_problem(plan) == problem


def test_the_records_that_the_page_shows_say_what_an_import_says() -> None:
    shown = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    at = moment("2026-11-23T04:12:00Z")
    lines = [json.dumps(record | {"messageId": str(n)}) for n, record in enumerate(shown)]
    series = series_of(rules(), [Row(n, at, line.encode()) for n, line in enumerate(lines)], at)
    assert series['subscribers{plan="pro"}'] == 1
    assert series['churn_ratio{window="7d"}'] == 0
    assert 'churn_ratio{window="30d"}' not in series


def test_the_file_that_the_page_shows_is_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"```\n(user_id.*?)```", PAGE, re.DOTALL)
    file = tmp_path / "subscribers.csv"
    file.write_text(text, encoding="utf-8")
    written = records(rules())
    terms = Terms(ZoneInfo("Europe/Paris"), moment("2026-11-23T04:12:00Z"), written.plan_problem)
    found = read_subscribers(file, terms)
    assert (list(found.subscribers), found.problems) == (["u42", "u43"], [])
