"""Every metric once more, in SQL, from the list of all accepted events.

It shares no code with the product: a metric is a table of the schema `metric` in the files beside,
under the name it is exported as; its columns are the labels and the value.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb

from tests.oracle.events import (
    CHANNELS,
    GOALS,
    MINUTE,
    PLANS,
    Accepted,
    Row,
    Whom,
    columns,
    local_day,
    rows,
)

Key = tuple[str, tuple[tuple[str, str], ...]]
"""Name of a series without the prefix, and its labels in order, the window among them."""

FACTS = ("forgotten", "facts")
QUESTIONS = (
    *("windows", "counters", "days", "sessions", "answers"),
    *("subscriptions", "money", "features", "health"),
)
HOUR = 60 * MINUTE
SESSION = 30 * MINUTE
"""How long one that goes on may yet be joined to one of the day before."""
FIRST_DAY, LAST_DAY = date.min.toordinal(), date.max.toordinal()
BEGINNING, END = 0, 1 << 62


class Window(NamedTuple):
    """Both of its ranges hold; days include the last one."""

    window: str
    is_days: bool
    begin_time: int = BEGINNING
    end_time: int = END
    first_day: int = FIRST_DAY
    last_day: int = LAST_DAY


def windows(as_of: int, zone: ZoneInfo) -> list[Window]:
    """The windows of an instant."""
    minute, hour = as_of - as_of % MINUTE, as_of - as_of % HOUR
    today = local_day(as_of, zone)
    return [
        Window("5m", False, minute - 4 * MINUTE, minute + MINUTE),  # noqa: FBT003
        Window("1h", False, minute - 59 * MINUTE, minute + MINUTE),  # noqa: FBT003
        Window("24h", False, hour - 23 * HOUR, hour + HOUR),  # noqa: FBT003
        Window("today", True, first_day=today, last_day=today),  # noqa: FBT003
        Window("yesterday", True, first_day=today - 1, last_day=today - 1),  # noqa: FBT003
        Window("7d", True, first_day=today - 6, last_day=today),  # noqa: FBT003
        Window("30d", True, first_day=today - 29, last_day=today),  # noqa: FBT003
    ]


class Oracle:
    """Answers for one list of events."""

    def __init__(
        self,
        accepted: Iterable[Accepted],
        zone: str,
        whom: Whom = str,
        settled: int | None = None,
    ) -> None:
        """Of a log of which nothing before `settled` can come any more; None: nothing at all."""
        self._zone = ZoneInfo(zone)
        held = rows(accepted, self._zone, whom)
        self.end = max([0, *(row.time for row in held), *(row.since or 0 for row in held)])
        """The latest time that anything is said of."""
        self._connection = duckdb.connect(config={"threads": 1})
        self._fill("accepted", columns(Row), held)
        over = LAST_DAY if settled is None else local_day(settled - SESSION, self._zone)
        self._connection.execute(f"create macro over() as {over}")
        for name, values in (("goal", GOALS.values()), ("plan", PLANS), ("channel", CHANNELS)):
            listed = f"unnest($1::varchar[]) as {name}"
            self._connection.execute(f"create table {name}s as select {listed}", [list(values)])
        for file in FACTS:
            self._run(file)

    def at(self, as_of: int) -> dict[Key, float]:
        """Every series at an instant."""
        self._connection.begin()
        try:
            self._ask(as_of)
            return {key: value for name in self._metrics() for key, value in self._series(name)}
        finally:
            self._connection.rollback()

    def cuts(self) -> int:
        """How often somebody became somebody else."""
        found = self._connection.execute("select count(*) from cuts").fetchall()
        return int(found[0][0])

    def names(self) -> list[str]:
        """The names of all metrics, also of those that have no value."""
        self._connection.begin()
        try:
            self._ask(0)
            return self._metrics()
        finally:
            self._connection.rollback()

    def _ask(self, as_of: int) -> None:
        """Make the tables of all metrics."""
        self._fill("windows", columns(Window), windows(as_of, self._zone))
        yesterday = local_day(as_of, self._zone) - 1
        self._connection.execute(f"create macro yesterday() as {yesterday}")
        self._connection.execute("create schema metric")
        for file in QUESTIONS:
            self._run(file)

    def _run(self, file: str) -> None:
        """Run the SQL of a file beside this one."""
        text = (Path(__file__).parent / f"{file}.sql").read_text(encoding="utf-8")
        self._connection.execute(text)

    def _fill(self, table: str, fields: str, held: Iterable[Any]) -> None:
        """Make a table of named tuples."""
        values = f"unnest($1::struct({fields})[], recursive := true)"
        self._connection.execute(
            f"create table {table} as select {values}", [[row._asdict() for row in held]]
        )

    def _metrics(self) -> list[str]:
        found = self._connection.execute(
            "select table_name from information_schema.tables where table_schema = 'metric'"
        )
        return sorted(name for (name,) in found.fetchall())

    def _series(self, name: str) -> Iterator[tuple[Key, float]]:
        found = self._connection.execute(f"from metric.{name}")
        labels = [column[0] for column in found.description or ()]
        for row in found.fetchall():
            told = dict(zip(labels, row, strict=True))
            value = told.pop("value")
            yield (name, tuple(sorted(told.items()))), float(value)
