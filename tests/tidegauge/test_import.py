"""`tidegauge import` as an operator runs it, against a broker, and what counting makes of it."""

from __future__ import annotations

import io
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from kafka import KafkaConsumer, TopicPartition
from kafka.errors import TopicAuthorizationFailedError
from rich.console import Console

from agents.settings import Refusal
from streams.example import series_of
from streams.folding import Folding
from tests.streams.made_up import Row, moment
from tests.tidegauge.test_simulate_and_topics import Operator
from tidegauge.assembly import folding
from tidegauge.embedded import EmbeddedBroker
from tidegauge.import_subscribers import first_instant, send
from tidegauge.settings import Settings
from tidegauge.subscriber_file import Terms, read_subscribers
from tidegauge.subscriber_records import SubscriberRecords

ZONE = ZoneInfo("America/New_York")
NOW = moment("2026-11-23T04:11:07Z")  # the 22nd, in New York
LIST = """\
user_id,plan,subscribed_at,e-mail
ada,pro,2024-05-01,a@b.c
bob,pro,2025-01-31T10:00:00+01:00,b@b.c
cy,starter,2020-02-29,c@b.c
ada,pro,2024-05-01,a@b.c
"""


@pytest.fixture
def operator(embedded_broker: EmbeddedBroker) -> Operator:
    return Operator(embedded_broker.bootstrap, REPORTING_TIMEZONE=ZONE.key)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "subscribers.csv"
    path.write_text(LIST, encoding="utf-8")
    return str(path)


def rows(operator: Operator, expected: int) -> list[Row]:
    """All that is in the source topic, in the order of Kafka's timestamps."""
    found: list[Any] = []
    consumer = KafkaConsumer(
        bootstrap_servers=operator.bootstrap, auto_offset_reset="earliest", group_id=None
    )
    try:
        partitions = consumer.partitions_for_topic(operator.source)
        consumer.assign([TopicPartition(operator.source, number) for number in partitions])
        deadline = time.monotonic() + 20
        while len(found) < expected and time.monotonic() < deadline:
            for polled in consumer.poll(timeout_ms=500).values():
                found += polled
    finally:
        consumer.close()
    assert len(found) == expected
    for key in {record.key for record in found}:
        assert len({record.partition for record in found if record.key == key}) == 1
    found.sort(key=lambda record: (record.timestamp, record.key == b"tidegauge-import"))
    return [Row(n, record.timestamp, record.value) for n, record in enumerate(found)]


def rules() -> Folding:
    return folding(Settings(reporting_timezone=ZONE.key))


def subscribers(series: dict[str, float]) -> dict[str, float]:
    return {
        name: value for name, value in series.items() if name.startswith("subscribers") and value
    }


def test_after_an_import_subscribers_are_known_and_nobody_is_lost(
    operator: Operator, file: str
) -> None:
    operator.topics("--partitions", "3")
    since = (datetime.now(ZONE) - timedelta(days=6)).date()
    code, out, error = operator.run("import", file, "--since", str(since))
    assert (code, out) == (0, "")
    assert "3 subscribers: pro 2, starter 1\n" in error
    assert "Nothing is read of the columns 'e-mail'\n" in error
    assert f"Churn can be told of windows that begin on {since} or later" in error
    series = series_of(rules(), rows(operator, 4), round(time.time() * 1000))
    assert subscribers(series) == {'subscribers{plan="pro"}': 2, 'subscribers{plan="starter"}': 1}
    churn = {name: value for name, value in series.items() if name.startswith("churn_ratio")}
    assert churn == {
        f'churn_ratio{{window="{window}"}}': 0 for window in ("today", "yesterday", "7d")
    }


def test_what_happens_afterwards_is_counted_against_the_list(operator: Operator, file: str) -> None:
    operator.topics("--partitions", "1")
    assert operator.run("import", file)[0] == 0
    told = rows(operator, 4)
    at = told[-1].timestamp + 1
    leaving = {
        "type": "track",
        "event": "Subscription Cancelled",
        "messageId": "1",
        "userId": "bob",
        "timestamp": datetime.fromtimestamp(at / 1000, UTC).isoformat(),
    }
    series = series_of(rules(), [*told, Row(9, at, json.dumps(leaving).encode())], at)
    assert subscribers(series) == {'subscribers{plan="pro"}': 1, 'subscribers{plan="starter"}': 1}
    assert series['churn_ratio{window="today"}'] == pytest.approx(1 / 3)
    assert 'churn_ratio{window="yesterday"}' not in series
    assert series["unknown_cancellations"] == 0


def test_an_import_twice_changes_nothing(operator: Operator, file: str) -> None:
    operator.topics("--partitions", "2")
    for _ in range(2):
        assert operator.run("import", file)[0] == 0
    told = rows(operator, 8)
    instant = told[-1].timestamp
    once = series_of(rules(), told[:4], instant)
    assert series_of(rules(), told, instant) == once


def test_a_list_of_nobody_declares_that_there_was_nobody(
    operator: Operator, tmp_path: Path
) -> None:
    operator.topics("--partitions", "1")
    empty = tmp_path / "subscribers.csv"
    empty.write_text("user_id,plan,subscribed_at\n")
    code, _, error = operator.run("import", str(empty))
    assert code == 0
    assert "0 subscribers\n" in error
    (row,) = rows(operator, 1)
    assert row.value is not None
    assert json.loads(row.value)["event"] == "Subscribers Declared"


def test_of_a_malformed_list_nothing_is_written(operator: Operator, tmp_path: Path) -> None:
    operator.topics("--partitions", "1")
    bad = tmp_path / "bad [red] list.csv"
    bad.write_text(LIST + "dee,gold,2024-05-01,\n" + ",pro,soon,\x1b[31m\n" * 30)
    code, out, error = operator.run("import", str(bad))
    assert (code, out) == (2, "")
    lines = error.splitlines()
    assert lines[:3] == [
        f"tidegauge: {str(bad)!r} cannot be used, and nothing of it was written:",
        "  line 6: plan 'gold' is none of free, starter, pro, enterprise",
        "  line 7: user_id is empty",
    ]
    assert lines[-1] == "  and 41 more"
    assert len(lines) == 22
    operator.send({"type": "page", "messageId": "m", "userId": "u"})
    assert len(rows(operator, 1)) == 1


def test_a_dry_run_shows_what_would_be_written_and_needs_no_kafka(file: str) -> None:
    code, out, error = Operator("127.0.0.1:1").run(
        "import", file, "--dry-run", "--since=2026-01-31"
    )
    assert (code, out) == (0, "")
    assert "3 subscribers: pro 2, starter 1\n" in error
    records = [json.loads(line) for line in error.splitlines() if line.startswith("  {")]
    assert [record["userId"] for record in records] == ["ada", "bob", "cy", "tidegauge-import"]
    assert records[-1]["properties"] == {"since": "2026-01-31T00:00:00+00:00"}


def test_a_missing_topic_is_told_with_the_command_that_creates_it(
    operator: Operator, file: str
) -> None:
    code, out, error = operator.run("import", file)
    assert (code, out) == (2, "")
    (line,) = error.splitlines()
    assert line.startswith(f"tidegauge: there is no topic {operator.source!r}")


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_file_that_cannot_be_read_is_told_in_a_line(tmp_path: Path, name: str) -> None:
    code, _, error = Operator("127.0.0.1:1").run("import", str(tmp_path / name))
    assert code == 2
    (line,) = error.splitlines()
    assert line.startswith(f"tidegauge: {str(tmp_path / name)!r} cannot be read: ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "2026-11-22T00:00:00-05:00"),
        ("2026-11-22", "2026-11-22T00:00:00-05:00"),
        ("2026-07-01", "2026-07-01T00:00:00-04:00"),
        ("2000-01-02", "2000-01-02T00:00:00-05:00"),
    ],
)
def test_a_list_is_whole_from_the_beginning_of_a_local_day(text: str | None, expected: str) -> None:
    assert first_instant(text, ZONE, NOW).isoformat() == expected


def test_a_day_whose_midnight_was_left_out_begins_later() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    found = first_instant("2026-04-24", cairo, NOW)
    assert found.timestamp() * 1000 == moment("2026-04-24T01:00:00+03:00")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soon", "--since: 'soon' is no date; write 2026-11-22"),
        ("2026-11-22T10:00", "--since: '2026-11-22T10:00' is no date"),
        ("2026-11-23", "--since: 2026-11-23 lies in the future"),
        ("1999-12-31", "--since: 1999-12-31 lies too long ago"),
        ("0001-01-01", "--since: 0001-01-01 lies too long ago"),
    ],
)
def test_a_day_that_cannot_be_is_refused(text: str, said: str) -> None:
    with pytest.raises(Refusal) as refused:
        first_instant(text, ZONE, NOW)
    assert str(refused.value).startswith(said)


class Refusing:
    """A producer that may not write a certain record."""

    def __init__(self, refused: bytes) -> None:
        self._refused = refused
        self.keys: list[bytes] = []

    def send(self, _: str, *, key: bytes, value: bytes) -> SimpleNamespace:
        assert json.loads(value)["userId"] == key.decode()
        self.keys.append(key)
        return SimpleNamespace(get=lambda _: self._get(key))

    def _get(self, key: bytes) -> None:
        if key == self._refused:
            raise TopicAuthorizationFailedError


@pytest.mark.parametrize(("refused", "taken"), [(b"ada", 0), (b"cy", 2), (b"tidegauge-import", 3)])
def test_a_list_of_which_a_record_is_refused_is_not_declared_whole(
    file: str, refused: bytes, taken: int
) -> None:
    records = SubscriberRecords(rules(), first_instant(None, ZONE, NOW), datetime.now(UTC))
    found = read_subscribers(Path(file), Terms(ZONE, NOW, records.plan_problem))
    producer = Refusing(refused)
    with pytest.raises(Refusal) as told:
        send(Console(file=io.StringIO()), producer, "events", found, records)
    said = str(told.value)
    assert said.startswith("sending to events failed: TopicAuthorizationFailedError")
    assert f"Records taken: {taken}; the list is not declared whole" in said
    assert (b"tidegauge-import" in producer.keys) == (taken == 3)
