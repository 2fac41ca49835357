"""What the job must come to, counted once more by the oracle of the tests.

It reads and judges each record by itself and shares no code with tidegauge or a peer.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.template import Template
from tests.oracle.events import MINUTE, PASSIVE, label
from tests.oracle.judge import Found, Judge, Row
from tests.oracle.log import DAY, Record
from tests.oracle.reading import read

CONVERSIONS = ("Signed Up", "Order Completed", "Subscription Started")
PLANS = ("free", "starter", "pro", "enterprise")
COUNTRIES = ("AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "MX", "NL", "US")


@dataclass
class Truth:
    """What the job comes to; names as in `peers.marks.named`."""

    once: Counter[str] = field(default_factory=Counter)
    """Where a duplicate does not count."""
    with_duplicates: Counter[str] = field(default_factory=Counter)


class Recount:
    """Goes over the records once; `truths` says what each first part of them comes to."""

    def __init__(self) -> None:
        self._judges: dict[int, Judge] = {}
        self._offsets: Counter[int] = Counter()
        self._once: Counter[str] = Counter()
        self._repeated: Counter[str] = Counter()
        self._persons: dict[int, set[str]] = {}
        self._found: Found | str = ""

    def truths(
        self, records: Iterable[Template], sizes: Sequence[int]
    ) -> Iterator[tuple[int, Truth]]:
        """The truth after so many records, for each of the sizes from the smallest on."""
        wanted = set(sizes)
        for number, record in enumerate(records, 1):
            self._add(record)
            if number in wanted:
                yield number, self._truth()

    def _add(self, record: Template) -> None:
        partition = record.partition
        judge = self._judges.setdefault(partition, Judge(self._read))
        row = Record(self._offsets[partition], record.timestamp_ms, record.value)
        self._offsets[partition] += 1
        outcome = judge.outcome(row)
        judge.accepted.clear()
        if outcome in ("accepted", "duplicate") and isinstance(self._found, Found):
            self._count(self._found, self._once if outcome == "accepted" else self._repeated)

    def _read(self, row: Row) -> Found | str:
        self._found = read(row)
        return self._found

    def _count(self, found: Found, counts: Counter[str]) -> None:
        event, time = found
        kind, name = event["type"], event.get("event")
        minute, day = time - time % MINUTE, time - time % DAY
        if kind in ("page", "screen") or (kind == "track" and name not in PASSIVE):
            person = event.get("userId") or event["anonymousId"]
            self._persons.setdefault(day, set()).add(person)
        measure = "page_views" if kind == "page" else ""
        if kind == "track":
            measure = "conversions" if name in CONVERSIONS else measure
            measure = "cancellations" if name == "Subscription Cancelled" else measure
        if not measure:
            return
        plan = label((event.get("properties") or {}).get("plan"), PLANS)
        location = (event.get("context") or {}).get("location") or {}
        key = f"{measure}|{plan}|{label(location.get('country'), COUNTRIES)}"
        counts[f"minute|{minute}|{key}"] += 1
        counts[f"day|{day}|{key}"] += 1

    def _truth(self) -> Truth:
        persons = Counter({f"day|{day}|persons": len(who) for day, who in self._persons.items()})
        return Truth(self._once + persons, self._once + self._repeated + persons)
