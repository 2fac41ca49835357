"""The catalogue compiled for the fold: the rules an event meets, the label values it carries."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from streams.catalogue import OTHER, Catalogue, Fact, FactSource, Metric, Source
from streams.event import INTERACTIONS, KINDS
from streams.launches.events import Says
from streams.persons.forgotten import EVENT
from streams.persons.names import FORGOTTEN, LASTING, NOTHING
from streams.scores import ScoreReader
from streams.tells import Tell
from streams.values import MAX_KNOWN_VALUES, AmountReader, LabelReader, Reader, is_short

SCORE, ASKED, AMOUNT = "score ", "asked ", "amount "
"""Begin the names of the readers of scores, of metrics and of facts, and of amounts; a label's name
holds no space."""

Labels = tuple[str, ...]
Found = tuple[Any, ...]
"""What a route's readers found in an event: a label's value (None outside a strict set), or a score
(the reason, as text, where there is none)."""


class Rule(NamedTuple):
    """One metric an event counts in."""

    metric: str
    """Fold id."""
    kind: str
    columns: tuple[int | str, ...]
    """A label each: its place among the labels the route reads, or a constant (a goal's name)."""
    open_columns: tuple[int, ...]
    """Places in `columns` of the labels with open sets."""
    limit: int
    value: int
    """Index of the number a sum reads; -1 for other kinds."""
    name: str
    score: int = -1
    """Place of a score among what the route reads; -1 for other kinds."""

    def labels(self, found: Found) -> Labels | None:
        """The metric's labels; None when a strict one is outside its set."""
        labels = []
        for column in self.columns:
            value = column if isinstance(column, str) else found[column]
            if value is None:
                return None
            labels.append(value)
        return tuple(labels)

    def overflow(self, labels: Labels) -> Labels:
        """Labels for what is beyond the limit."""
        return tuple(OTHER if i in self.open_columns else v for i, v in enumerate(labels))


class Route(NamedTuple):
    """Everything that events of one kind and name count in."""

    number: int
    extract: Callable[[Any], tuple[Any, ...]]
    """Reads all values that are needed of such an event, of what it says."""
    readers: tuple[Callable[[tuple[Any, ...]], Any], ...]
    known: dict[tuple[Any, ...], Found]
    """What was read of values before: most events say what others have said."""
    rules: tuple[Rule, ...]
    sums: tuple[Rule, ...]
    scores: tuple[Rule, ...]
    persons: bool
    """Whether it matters who the events are of."""
    active: bool
    """Whether the events make a person active."""
    tells: tuple[Tell, ...] = ()
    """What else they say of the person."""
    lasting: tuple[Tell, ...] = ()
    """Those of `tells` of which the time is needed."""
    launch: Says = ""
    """What they say of a launch."""
    forgets: bool = False
    """Whether they tell whom to forget, see `streams.persons.forgotten`."""
    one_by_one: bool = False
    """Whether more is to be read of each of them than `read` does."""

    def read(self, values: tuple[Any, ...]) -> Found:
        """The labels and scores some rule needs, of the values of an event."""
        found = tuple([read(values) for read in self.readers])
        # Of texts alone: to a dict, 1 and True are one key, and to a label they are two.
        if len(self.known) < MAX_KNOWN_VALUES and all(map(is_short, values)):
            self.known[values] = found
        return found


class Routes(dict[tuple[str, str | None], Route]):
    """By kind and name; names that no metric asks for share one a kind."""

    def __missing__(self, key: tuple[str, str | None]) -> Route:
        return self[key[0], None]


class Router:
    """Finds the route of an event; `reader` makes what reads paths of what an event says."""

    def __init__(
        self,
        catalogue: Catalogue,
        reader: Callable[[Sequence[str]], Callable[[Any], tuple[Any, ...]]],
    ) -> None:
        self._catalogue = catalogue
        self._reader = reader
        self._sources = _sources(catalogue)
        asked = {source.name for m in catalogue.folded() for source in m.sources}
        told = {source.name for fact in catalogue.facts.values() for source in fact.sources}
        names = {name for name in asked | told if name is not None} | catalogue.inactive
        names |= {catalogue.launches.started, catalogue.launches.ended, EVENT} - {""}
        keys = [(kind, name) for kind in KINDS for name in (None, *sorted(names))]
        self.routes: list[Route] = []
        self.by_name = Routes((key, self._compile(*key)) for key in keys)

    def _compile(self, kind: str, name: str | None) -> Route:
        needed: list[str] = []
        paths: list[str] = []
        found = [
            self._rule(metric, source, needed, paths)
            for metric in self._catalogue.folded()
            for source in metric.sources
            if self._meets(metric, source, kind, name)
        ]
        rules = tuple(dict.fromkeys(found))  # an event that meets two sources still counts once
        said = [
            self._tell(fact, source, needed, paths)
            for fact in self._catalogue.facts.values()
            for source in fact.sources
            if kind in source.kinds and source.name in (None, name)
        ]
        forgets = kind == "track" and name == EVENT
        if forgets:
            said = [Tell(FORGOTTEN, is_lasting=True, says=NOTHING)]
        tells = tuple(dict.fromkeys(said))  # as above
        active = kind in INTERACTIONS and not self._is_passive(kind, name)
        launch = self._catalogue.launches.says(kind, name)
        sums = tuple(rule for rule in rules if rule.kind == "sum")
        sources = [self._sources[name] for name in needed]
        paths = list(dict.fromkeys([*paths, *(path for one in sources for path in one.paths)]))
        route = Route(
            number=len(self.routes),
            extract=self._reader(paths),
            readers=tuple(one.reader(paths).read for one in sources),
            known={},
            rules=rules,
            sums=sums,
            scores=tuple(rule for rule in rules if rule.kind == "score"),
            persons=active or bool(tells) or any(rule.kind == "distinct" for rule in rules),
            active=active,
            tells=tells,
            lasting=tuple(tell for tell in tells if tell.is_lasting),
            launch=launch,
            forgets=forgets,
            one_by_one=bool(sums or launch),
        )
        self.routes.append(route)
        return route

    def _meets(self, metric: Metric, source: Source, kind: str, name: str | None) -> bool:
        if kind not in source.kinds or source.name not in (None, name):
            return False
        if kind == "track" and name == EVENT:
            return False  # it is tidegauge's own, and nothing that a person did
        return not (metric.active_only and self._is_passive(kind, name))

    def _tell(self, fact: Fact, source: FactSource, needed: list[str], paths: list[str]) -> Tell:
        label = self._catalogue.labels.get(fact.label)
        reads_label = source.says is None and label is not None
        return Tell(
            fact=fact.name,
            is_lasting=fact.name in LASTING,
            says=source.says if fact.score or reads_label else source.says or "",
            label=_place(fact.label, needed) if reads_label else -1,
            needs_other_than=label.default if label and source.time and reads_label else None,
            score=_place(ASKED + fact.name, needed) if fact.score else -1,
            amount=_place(AMOUNT + fact.name, needed) if fact.amount else -1,
            time=_place(source.time, paths) if source.time else -1,
            has_metric=fact.name in self._catalogue.metrics,
        )

    def _is_passive(self, kind: str, name: str | None) -> bool:
        return kind == "track" and (name in self._catalogue.inactive or name == EVENT)

    def _rule(self, metric: Metric, source: Source, needed: list[str], paths: list[str]) -> Rule:
        labels = [self._catalogue.labels[name] for name in metric.labels]
        columns: list[int | str] = []
        for label in labels:
            if label.name == "goal":
                columns.append(source.goal or OTHER)
            else:
                columns.append(_place(label.name, needed))
        return Rule(
            metric=self._catalogue.fold_id(metric),
            kind=metric.kind,
            columns=tuple(columns),
            open_columns=tuple(i for i, label in enumerate(labels) if not label.values),
            limit=min((label.limit for label in labels if not label.values), default=0),
            value=_place(metric.value, paths) if metric.kind == "sum" else -1,
            name=metric.name,
            score=_place(SCORE + metric.name, needed) if metric.kind == "score" else -1,
        )


class _Source(NamedTuple):
    """Where a reader's value stands in an event."""

    paths: tuple[str, ...]
    reader: Callable[[Sequence[str]], Reader]
    """Makes it, for values of these and other paths."""


def _sources(catalogue: Catalogue) -> dict[str, _Source]:
    """What can be read of events, by the names of the readers."""
    found = {
        label.name: _Source(label.paths, partial(LabelReader, label))
        for label in catalogue.labels.values()
    }
    for one in catalogue.folded():
        if one.kind == "score":
            found[SCORE + one.name] = _score(one.value, one.lowest, one.highest)
    for fact in catalogue.facts.values():
        if fact.amount:
            read = partial(AmountReader, fact.amount)
            found[AMOUNT + fact.name] = _Source((fact.amount,), read)
        if fact.score:
            found[ASKED + fact.name] = _score(fact.score, fact.lowest, fact.highest)
    return found


def _score(path: str, lowest: int, highest: int) -> _Source:
    return _Source((path,), partial(ScoreReader, path, lowest, highest))


def _place(name: str, needed: list[str]) -> int:
    """Place of a reader or path among those a route needs, put there if it is not there yet."""
    if name not in needed:
        needed.append(name)
    return needed.index(name)
