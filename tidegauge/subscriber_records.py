"""The records that state who subscribed before, in the words the catalogue has for it.

Which event says so, and where it says what, is read from `[facts.subscription]` and
`[facts.declared]`, so that what is written is what will be understood.
"""

import hashlib
import json
from datetime import datetime
from typing import Any

from agents.settings import Refusal
from streams.catalogue import OTHER, FactSource, Label
from streams.folding import Folding
from streams.values import clean
from streams.written import Written
from tidegauge.subscriber_file import Subscriber

SUBSCRIPTION, DECLARED = "subscription", "declared"
TELLER = "tidegauge-import"
"""The person of whom the list itself is told: an event needs one."""
ID_BYTES = 16
Keyed = tuple[bytes, bytes]
"""Key and value of a record; records of a person stay together."""
EXAMPLES = {
    SUBSCRIPTION: '{ name = "Subscriber Listed", time = "subscribed_at" }',
    DECLARED: '{ name = "Subscribers Declared", says = "", time = "since" }',
}


class SubscriberRecords:
    """Writes the records of one list; raises Refusal where the catalogue has no words for it."""

    def __init__(self, folding: Folding, since: datetime, now: datetime) -> None:
        self._folding, self._since, self._now = folding, since.isoformat(), now.isoformat()
        self._source = _source(folding, SUBSCRIPTION)
        self._declared = _source(folding, DECLARED)
        self._label = _label(folding)
        self._plan = self._plan_path()

    @property
    def declaration(self) -> Keyed:
        """The statement that the list is whole."""
        return self._keyed(self._declared, TELLER, {self._declared.time: self._since})

    def of(self, subscriber: Subscriber) -> Keyed:
        """What is said of a subscriber."""
        values = {self._plan: subscriber.plan, self._source.time: subscriber.since.isoformat()}
        return self._keyed(self._source, subscriber.user, values)

    def plan_problem(self, plan: str) -> str | None:
        """What is wrong with a plan; None when it will be understood."""
        known = [value for value in self._label.values if value != self._label.default]
        if known:
            return None if clean(plan) in known else f"is none of {', '.join(known)}"
        if not plan or plan in (self._label.default, OTHER):
            return "names none"
        return None if clean(plan) == plan else "is too long or holds a control character"

    def _keyed(self, source: FactSource, person: str, values: dict[str, Any]) -> Keyed:
        kind = _kind(source, self._folding)
        said = json.dumps([self._since, kind, source.name, person, sorted(values.items())])
        # The same list told twice in a row has the same ids, and is then dropped as a repetition.
        digest = hashlib.blake2b(said.encode(), digest_size=ID_BYTES).hexdigest()
        name = source.name if kind == "track" else None
        event = Written(f"import-{digest}", person, self._now, kind, name, values)
        record = json.dumps(event.record(self._folding.wire), separators=(",", ":"))
        return person.encode(), record.encode()

    def _plan_path(self) -> str:
        wire = self._folding.wire
        is_identify = _kind(self._source, self._folding) == "identify"
        begin = (wire.trait_path if is_identify else wire.property_path)("")
        paths = self._label.paths
        return next((path for path in paths if path.startswith(begin)), paths[0])


def _label(folding: Folding) -> Label:
    name = folding.catalogue.facts[SUBSCRIPTION].label
    label = folding.catalogue.labels.get(name)
    if label is None or not label.paths:
        raise Refusal(f"facts.{SUBSCRIPTION}: needs a `label` that is read from events: the plan")
    return label


def _source(folding: Folding, name: str) -> FactSource:
    """The event that can say a fact of another time than its own."""
    fact = folding.catalogue.facts.get(name)
    needs_label = name == SUBSCRIPTION
    for source in fact.sources if fact else ():
        says_it = source.time and not (needs_label and source.says is not None)
        kind = _kind(source, folding) if says_it else ""
        if kind == "track" and source.name not in folding.catalogue.inactive:
            raise Refusal(
                f"facts.{name}: {source.name!r} would make those active of whom it is told; put it "
                "on the list `exclude` of `[active]`"
            )
        if kind:
            return source
    raise Refusal(
        f"facts.{name}: no event of it can be written that has a `time` of its own"
        f"{'' if folding.wire.kind else ', since records of this format are never an `identify`'}; "
        f"add one such as {EXAMPLES[name]}, and its name to `exclude` of `[active]`"
    )


def _kind(source: FactSource, folding: Folding) -> str:
    """As which kind it can be written; empty when it cannot."""
    if "identify" in source.kinds and folding.wire.kind:
        return "identify"
    return "track" if "track" in source.kinds and source.name and folding.wire.name else ""
