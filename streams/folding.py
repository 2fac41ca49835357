"""What every partition folds with: the compiled catalogue, the calendar, the hash of a person.

`Folding.tally` groups the accepted events of a batch by minute, route and labels, so that the
panes are touched once a group and not once an event.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

from streams.catalogue import Catalogue
from streams.decoding import Decoder
from streams.event import Event, Rejected
from streams.launches.reader import LaunchReader
from streams.launches.said import Said
from streams.outcomes import Judgement, Record
from streams.panes import MINUTE, Calendar
from streams.persons.forgotten import Forgotten
from streams.persons.names import FORGOTTEN
from streams.routing import Found, Route, Router, Rule
from streams.tells import Tell
from streams.unit import ACCOUNTS, DEAD_LETTERS, IDENTITY_LINKS, OUTCOMES, SKIPPED, aggregates_of
from streams.values import micro_units
from streams.wire import PersonKey, WireFormat

MAX_CACHED_PERSONS = 200_000
LAUNCHES = "launches"
"""Under which what cannot be used of a launch is accounted for."""
NOTHING: dict[str, int] = {}


class DeadLetter(NamedTuple):
    """A record that could not be read, and where it stood."""

    offset: int
    rejected: Rejected
    value: bytes | None


@dataclass
class Group:
    """Accepted events of one minute, route, label values and scores."""

    minute: int
    route: Route
    labels: Found
    count: int = 0
    persons: set[int] = field(default_factory=set)
    amounts: dict[str, int] = field(default_factory=dict)
    """Sum of each sum metric, by fold id, in micro-units."""
    moments: dict[Tell, list[tuple[int, int]]] = field(default_factory=dict)
    """Of each fact that lasts: of whom it holds, and since when in milliseconds."""

    def add(self, amounts: Mapping[str, int]) -> None:
        """Add what one event adds to sums."""
        for metric, amount in amounts.items():
            self.amounts[metric] = self.amounts.get(metric, 0) + amount

    def amount(self, rule: Rule) -> Any:
        """What the group adds to a rule's metric; None when nothing."""
        if rule.kind == "count":
            return self.count
        if rule.kind == "distinct":
            return self.persons or None
        if rule.kind == "score":
            score = self.labels[rule.score]
            return None if isinstance(score, str) else {score: self.count}
        return self.amounts.get(rule.metric)

    def without_score(self) -> Iterator[tuple[str, str]]:
        """Each metric that leaves these events out because of their score or labels, and why."""
        for rule in self.route.scores:
            score = self.labels[rule.score]
            if rule.labels(self.labels) is None:
                yield rule.name, "unknown_label"
            elif isinstance(score, str):
                yield rule.name, score


GroupKey = tuple[int, int, Found, bool, tuple[str, ...]]
"""Minute, route, labels and scores, whether nobody is known, and the sums that have an amount: all
of a group count in the same metrics, so its first record is the first to need room under a label
limit."""


@dataclass
class Tally:
    """What a run of records adds to the state, in the order of first occurrence."""

    groups: dict[GroupKey, Group] = field(default_factory=dict)
    accounts: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)
    dead: list[DeadLetter] = field(default_factory=list)
    launches: list[tuple[str, Said]] = field(default_factory=list)
    """Names of launches and what is said of them."""
    first: tuple[int, int] | None = None
    """Event time and Kafka's timestamp of the first accepted record."""

    def account(self, name: str, *labels: str, amount: int = 1) -> None:
        """Count something about the records themselves."""
        if amount:
            key = (name, labels)
            self.accounts[key] = self.accounts.get(key, 0) + amount

    def account_scores(self) -> None:
        """Account for the events that scores leave out, by group: nothing to do for others."""
        for group in self.groups.values():
            for tell in group.route.tells:
                if reason := tell.no_score(group.labels):
                    self.account(SKIPPED, tell.fact, reason, amount=group.count)
            if group.route.scores:
                for name, reason in group.without_score():
                    self.account(SKIPPED, name, reason, amount=group.count)


class Hashes(dict[str, int]):
    """The hashes of persons who were there lately; `key` has at most 64 bytes."""

    def __init__(self, key: bytes) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, person: str) -> int:
        if len(self) >= MAX_CACHED_PERSONS:
            self.clear()
        found = self[person] = hash_person(person, self._key)
        return found


class Folding:
    """The shared, stateless part of a fold (but for caches)."""

    def __init__(
        self,
        catalogue: Catalogue,
        wire: WireFormat,
        calendar: Calendar,
        *,
        hash_key: bytes,
        is_bot: Callable[[str], bool],
        bot_list: str = "",
        person_key: PersonKey = "user_else_anonymous",
    ) -> None:
        self.catalogue = catalogue
        self.calendar = calendar
        self.is_bot = is_bot
        self.bot_list = bot_list
        self.wire = wire
        self.person_key = person_key
        self.metrics = {catalogue.fold_id(metric): metric for metric in catalogue.folded()}
        self.fingerprint = b"".join(sorted(map(fingerprint, self.metrics)))
        """What is counted, two bytes a metric; it is stored with every unit."""
        self.launches = LaunchReader(catalogue.launches, wire)
        kinds = {name: metric.kind for name, metric in self.metrics.items()}
        self.aggregates = aggregates_of(kinds, self.launches.fold_id)
        self.label_counts = {name: len(metric.labels) for name, metric in self.metrics.items()}
        self.label_counts |= {**ACCOUNTS, self.launches.fold_id: 1}
        """How many labels the series of each metric have, by fold id."""
        decoder = Decoder(wire, catalogue.paths(), person_key)
        self.decode = decoder.decode
        self.router = Router(catalogue, decoder.reader)
        self.hash_key = hash_key
        self._hashes = Hashes(hash_key)
        self.forgotten = Forgotten(wire, self.hash_person)

    def hash_person(self, person: str) -> int:
        """The keyed 64-bit hash under which a person is known; the name itself is not kept."""
        return self._hashes[person]

    def tally(
        self,
        records: Sequence[Record],
        events: Sequence[Event | Rejected],
        judgements: Iterable[Judgement],
    ) -> Tally:
        """Group what was accepted and account for every record."""
        tally = Tally()
        groups, routes, hashes = tally.groups, self.router.by_name, self._hashes
        accepted = linked = 0
        for record, event, (outcome, time) in zip(records, events, judgements, strict=True):
            if outcome != "accepted" or isinstance(event, Rejected):
                self._refuse(tally, record, event, outcome)
                continue
            accepted += 1
            if tally.first is None:
                tally.first = (time, record.timestamp)
            person = event.person
            linked += event.both_identities
            route = routes[event.kind, event.name]
            values = route.extract(event.said)
            try:
                labels = route.known[values]
            except (KeyError, TypeError):  # not read before; or a list, which is no key
                labels = route.read(values)
            amounts: dict[str, int] = NOTHING
            summed: tuple[str, ...] = ()
            if route.one_by_one:
                amounts = self._look_at(tally, route, labels, values, record, time)
                summed = tuple(amounts)
            minute = time - time % MINUTE
            key = (minute, route.number, labels, person is None, summed)
            group = groups.get(key)
            if group is None:
                group = groups[key] = Group(minute, route, labels)
            group.count += 1
            if person is not None and route.persons:
                number = hashes[person]
                group.persons.add(number)
                if route.lasting:
                    whom = self._whom(tally, route, record, number)
                    self._remember(tally, group, values, whom, time)
            if amounts:
                group.add(amounts)
        tally.account_scores()
        tally.account(OUTCOMES, "accepted", amount=accepted)
        tally.account(IDENTITY_LINKS, amount=linked)
        return tally

    def _whom(self, tally: Tally, route: Route, record: Record, person: int) -> int | None:
        """Of whom an event says something: its person, but where one is to be forgotten."""
        if not route.forgets or record.value is None:
            return person
        return self.forgotten.read(record.value, partial(tally.account, SKIPPED, FORGOTTEN))

    @staticmethod
    def _remember(
        tally: Tally, group: Group, values: tuple[Any, ...], person: int | None, time: int
    ) -> None:
        """Note since when what the event says of a person holds; account for what it cannot."""
        for tell in group.route.lasting:
            if person is None or tell.label_of(group.labels) is None:
                continue
            since = tell.since(values, time)
            if isinstance(since, str):
                tally.account(SKIPPED, tell.fact, since)
            elif since is not None:
                group.moments.setdefault(tell, []).append((person, since))

    def _look_at(
        self,
        tally: Tally,
        route: Route,
        labels: Found,
        values: tuple[Any, ...],
        record: Record,
        time: int,
    ) -> dict[str, int]:
        """Note what one event says of a launch; return what it adds to sums."""
        if route.launch and record.value is not None:
            said = self.launches.read(
                route.launch, record.value, time, partial(tally.account, SKIPPED, LAUNCHES)
            )
            if said is not None:
                tally.launches.append(said)
        return self._amounts(tally, route, labels, values)

    @staticmethod
    def _amounts(
        tally: Tally, route: Route, labels: Found, values: tuple[Any, ...]
    ) -> dict[str, int]:
        """What the event adds to each sum, by fold id; what it cannot add to is accounted for."""
        amounts = {}
        for rule in route.sums:
            amount = micro_units(values[rule.value])
            if rule.labels(labels) is None:
                amount = "unknown_label"
            if isinstance(amount, str):
                tally.account(SKIPPED, rule.name, amount)
            else:
                amounts[rule.metric] = amount
        return amounts

    @staticmethod
    def _refuse(tally: Tally, record: Record, event: Event | Rejected, outcome: str) -> None:
        """Account for what is not accepted, and keep it where it is a dead letter."""
        tally.account(OUTCOMES, outcome)
        if outcome != "dead_letter":
            return
        if not isinstance(event, Rejected):
            event = Rejected("bad_time", "neither the event nor its record has a usable time")
        tally.account(DEAD_LETTERS, event.reason)
        tally.dead.append(DeadLetter(record.offset, event, record.value))


def fingerprint(fold_id: str) -> bytes:
    """Two bytes of a fold id."""
    return hashlib.blake2b(fold_id.encode(), digest_size=2).digest()


def hash_person(person: str, key: bytes) -> int:
    """Signed 64 bits of a person's id; `key` has at most 64 bytes."""
    raw = person.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8, key=key).digest(), "big", signed=True)
