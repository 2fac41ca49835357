"""A list of subscribers: how people write it, and that everything wrong with it is told at once."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.time_zone import load_zone
from tests.streams.made_up import moment
from tidegauge.subscriber_file import SubscriberList, Terms, read_subscribers

NOW = moment("2026-11-23T04:11:07Z")
PLANS = ("free", "starter", "pro")
TERMS = Terms(
    load_zone("Europe/Paris"), NOW, lambda plan: None if plan in PLANS else "is none of them"
)
HEADER = "user_id,plan,subscribed_at\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "subscribers.csv"


def read(path: Path, text: str | bytes) -> SubscriberList:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_subscribers(path, TERMS)


def told(path: Path, text: str | bytes) -> list[str]:
    """What is wrong with a file."""
    return [str(problem) for problem in read(path, text).problems]


def said(found: SubscriberList) -> list[tuple[str, str, str]]:
    assert found.problems == []
    return [(one.user, one.plan, one.since.isoformat()) for one in found.subscribers.values()]


ADA = [("ada", "pro", "2024-04-30T22:00:00+00:00")]


@pytest.mark.parametrize(
    "text",
    [
        "user_id,plan,subscribed_at\nada,pro,2024-05-01\n",
        "user_id;plan;subscribed_at\nada;pro;2024-05-01\n",
        "subscribed_at,user_id,plan\n2024-05-01,ada,pro",
        "user_id,plan,subscribed_at\r\nada,pro,2024-05-01\r\n",
        "user_id,plan,subscribed_at\rada,pro,2024-05-01\r",
        "\ufeffuser_id,plan,subscribed_at\nada,pro,2024-05-01\n",
        '\ufeff"user_id";"plan";"subscribed_at"\n"ada";"pro";"2024-05-01"\n',
        " user_id , plan , subscribed_at \n ada , pro , 2024-05-01 \n",
        "user_id,plan,subscribed_at\n\nada,pro,2024-05-01\n\n , ,\n",
        "user_id,plan,subscribed_at\nada,pro,2024-05-01\nada,pro,2024-05-01T00:00\n",
        "user_id,plan,subscribed_at\nada,pro,2024-05-01T00:00:00+02:00\n",
        "user_id,plan,subscribed_at\nada,pro,2024-04-30T22:00:00Z\n",
        "plan,e-mail,user_id,subscribed_at\npro,a@b.c,ada,2024-05-01\n",
        "plan;e-mail, name;user_id;subscribed_at\npro;a@b.c, Ada;ada;2024-05-01\n",
    ],
)
def test_a_list_is_read_as_people_write_it(path: Path, text: str) -> None:
    assert said(read(path, text)) == ADA


def test_columns_that_nothing_is_read_from_are_named(path: Path) -> None:
    found = read(path, "plan,e-mail,user_id,subscribed_at,\npro,a@b.c,ada,2024-05-01,\n")
    assert found.ignored == ("e-mail", "")


def test_a_list_of_nobody_is_a_list(path: Path) -> None:
    assert said(read(path, HEADER)) == []


def test_users_stay_as_they_are_written(path: Path) -> None:
    users = ["0017", "17", "ADA", "ada", "Zoë", "a;b", "\N{SNOWMAN}", "u" * 512]
    rows = "".join(f"{user},pro,2024-05-01\n" for user in users)
    assert [user for user, *_ in said(read(path, HEADER + rows))] == users


def test_what_is_to_begin_now_may_be_told_by_a_clock_a_little_ahead(path: Path) -> None:
    assert said(read(path, HEADER + "ada,pro,2026-11-23T04:21:07Z\n"))
    assert told(path, HEADER + "ada,pro,2026-11-23T04:21:07.001Z\n")


MALFORMED: list[tuple[str | bytes, list[str]]] = [
    ("", ["line 1: must name the column 'user_id' once; there is nothing"]),
    ("\n\n", ["line 1: must name the column 'user_id' once; there is nothing"]),
    (
        "user_id,plan\nada,pro\n",
        ["line 1: must name the column 'subscribed_at' once; there is 'user_id', 'plan'"],
    ),
    (
        "user_id,plan,subscribed_at,plan\n",
        ["line 1: must name the column 'plan' once; there is 'user_id', 'plan', 'subscrib"],
    ),
    ("ada,pro,2024-05-01\n", ["line 1: must name the column 'user_id' once; there is 'ada'"]),
    ("user_id\tplan\tsubscribed_at\n", ["line 1: must name the column 'user_id' once"]),
    ((HEADER + "ada,pro,2024\n").encode("utf-16"), ["line 1: is not UTF-8 text"]),
    (b"\x00" * 100, ["line 1: is not UTF-8 text"]),
    (b"PK\x03\x04\xff\xfe\x00", ["line 1: is not UTF-8 text"]),
    ('"user_id', ["line 1: is not CSV: unexpected end of data"]),
    (HEADER + ",pro,2024-05-01\n", ["line 2: user_id is empty"]),
    (HEADER + "  ,pro,2024-05-01\n", ["line 2: user_id is empty"]),
    (HEADER + f"{'u' * 513},pro,2024-05-01\n", ["line 2: user_id has 513 characters, more"]),
    (HEADER + "a\x1bb,pro,2024-05-01\n", [r"line 2: user_id 'a\x1bb' holds a control"]),
    (HEADER + '"a\nb",pro,2024-05-01\n', [r"line 2: user_id 'a\nb' holds a control"]),
    (HEADER + "a\0b,pro,2024-05-01\n", ["line 2: holds a NUL byte"]),
    (HEADER.encode() + b"Zo\xeb,pro,2024-05-01\n", ["line 2: is not UTF-8"]),
    (HEADER + "ada,gold,2024-05-01\n", ["line 2: plan 'gold' is none of them"]),
    (HEADER + "ada,,2024-05-01\n", ["line 2: plan '' is none of them"]),
    (HEADER + f"ada,{'p' * 99},2024-05-01\n", [f"line 2: plan '{'p' * 39}…' is none of them"]),
    (HEADER + "ada,pro,\n", ["line 2: subscribed_at '' is no time; write 2026-11-01 or"]),
    (HEADER + "ada,pro,soon\n", ["line 2: subscribed_at 'soon' is no time"]),
    (HEADER + "ada,pro,01.05.2024\n", ["line 2: subscribed_at '01.05.2024' is no time"]),
    (HEADER + "ada,pro,1714521600\n", ["line 2: subscribed_at '1714521600' is no time"]),
    (HEADER + "ada,pro,2026-11-24\n", ["line 2: subscribed_at '2026-11-24' lies in the fut"]),
    (HEADER + "ada,pro,9999-12-31\n", ["line 2: subscribed_at '9999-12-31' lies in the fut"]),
    (HEADER + "ada,pro,1999-12-31\n", ["line 2: subscribed_at '1999-12-31' lies before 2000"]),
    (HEADER + "ada,pro,0001-01-01\n", ["line 2: subscribed_at '0001-01-01' lies before 2000"]),
    (HEADER + "ada,pro\n", ["line 2: has 2 fields, the first line 3"]),
    (HEADER + "ada,pro,2024-05-01,\n", ["line 2: has 4 fields, the first line 3"]),
    (HEADER + "ada,pro,2024-05-01\n" * 2 + '"x,pro\n' + "b,c\n" * 3, ["line 4: is not CSV: unexp"]),
    (HEADER + '"a"b,pro,2024-05-01\n', ["line 2: is not CSV: ',' expected after '\"'"]),
    (HEADER + f"{'u' * 200_000},pro,2024-05-01\n", ["line 2: is not CSV: field larger than"]),
    (
        HEADER + "ada,pro,2024-05-01\nbob,pro,2024-05-01\nada,starter,2024-05-01\n",
        ["line 4: says something else of user_id 'ada' than line 2"],
    ),
    (
        HEADER + "ada,pro,2024-05-01\nada,pro,2024-05-02\n",
        ["line 3: says something else of user_id 'ada' than line 2"],
    ),
]


@pytest.mark.parametrize(("text", "problems"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_malformed_list_is_told_with_the_line(
    path: Path, text: str | bytes, problems: list[str]
) -> None:
    found = told(path, text)
    assert len(found) >= len(problems)
    for line, expected in zip(found, problems, strict=False):
        assert line.startswith(expected)
        assert len(line) < 300
        assert line.isprintable()


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines(path: Path) -> None:
    rows = ',gold,soon\n"x"y,pro,2024-05-01\nbob,pro,2024-05-01\ncy,pro\n"open,pro,2024-05-01\n'
    found = read(path, HEADER + rows)
    assert [(problem.where, problem.message[:12]) for problem in found.problems] == [
        ("line 2", "user_id is e"),
        ("line 2", "plan 'gold' "),
        ("line 2", "subscribed_a"),
        ("line 3", "is not CSV: "),
        ("line 5", "has 2 fields"),
        ("line 6", "is not CSV: "),
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_at_all_make_it_fail(path: Path, noise: bytes, has_header: bool) -> None:  # noqa: FBT001
    path.write_bytes((HEADER.encode() if has_header else b"") + noise)
    found = read_subscribers(path, TERMS)
    assert all(str(problem).isprintable() for problem in found.problems)


USERS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20)
TIMES = st.datetimes(datetime(2000, 1, 2), datetime(2026, 11, 22)).map(  # noqa: DTZ001 - local times
    lambda time: time.replace(fold=0)  # a file cannot say which of two it was
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(USERS, st.tuples(st.sampled_from(PLANS), TIMES)), st.sampled_from(",;"))
def test_what_a_writer_of_csv_writes_is_read(
    path: Path, listed: dict[str, tuple[str, datetime]], delimiter: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(["subscribed_at", "user_id", "plan"])
    writer.writerows([since.isoformat(), user, plan] for user, (plan, since) in listed.items())
    expected = {
        user: (plan, since.replace(tzinfo=TERMS.zone)) for user, (plan, since) in listed.items()
    }
    found = read(path, text.getvalue())
    assert found.problems == []
    subscribers = found.subscribers.values()
    assert {one.user: (one.plan, one.since.timestamp()) for one in subscribers} == {
        user: (plan, since.timestamp()) for user, (plan, since) in expected.items()
    }
