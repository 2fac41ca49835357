"""The records that mark a launch, in the words the catalogue has for it.

Which events say so, and where, is read from `[launches]`, so that what is written is what will be
understood. All that is wrong is told at once.
"""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from agents.settings import Refusal
from streams.catalogue import Catalogue
from streams.decoding import EARLIEST
from streams.folding import Folding
from streams.launches.asked import CannotAsk, ask
from streams.launches.reader import MOST_ASKED, MOST_CHARACTERS
from streams.launches.split import segments
from streams.panes import SECOND
from streams.values import MAX_LABEL_CHARACTERS, clean
from streams.written import Written
from tidegauge.arguments import milliseconds

TELLER = "tidegauge-launch"
"""The person who tells of it: an event needs one."""
ID_BYTES = 16
Keyed = tuple[bytes, bytes]
"""Key and value of a record; those of a launch stay together."""


class LaunchRecords:
    """Writes records at an instant, in milliseconds; raises Refusal where that cannot be."""

    def __init__(self, folding: Folding, now: int) -> None:
        self._folding, self._now = folding, now
        self._events = folding.catalogue.launches

    def start(
        self,
        name: str,
        at: int,
        metrics: Sequence[str] = (),
        guardrails: Sequence[str] = (),
        split: str = "",
    ) -> Keyed:
        """That a launch began at a time, in milliseconds; raises Refusal with all that is wrong."""
        catalogue = self._folding.catalogue
        problems = [
            *_problems_of_name(name),
            *_problems_of_asked(catalogue, "--metric", metrics),
            *_problems_of_asked(catalogue, "--guardrail", guardrails),
            *_problems_of_split(catalogue, split),
        ]
        if problems:
            raise Refusal("\n".join(problems))
        said: dict[str, Any] = {}
        for paths, asked in (
            (self._events.metrics, metrics),
            (self._events.guardrails, guardrails),
        ):
            if asked:
                said[paths[0]] = [str(ask(catalogue, text)) for text in asked]
        if split:
            said[self._events.split] = split
        return self._record(self._events.started, name, at, said)

    def end(self, name: str, at: int) -> Keyed:
        """That it ended."""
        if problems := list(_problems_of_name(name)):
            raise Refusal("\n".join(problems))
        return self._record(self._events.ended, name, at, {})

    def _record(self, event: str, name: str, at: int, said: dict[str, Any]) -> Keyed:
        said = {self._events.name: name, **said}
        if at != self._now:
            said[self._events.at] = _iso(at)
        self._check(event, said)
        told = json.dumps([event, at, sorted(said.items()), self._now])
        digest = hashlib.blake2b(told.encode(), digest_size=ID_BYTES).hexdigest()
        written = Written(f"launch-{digest}", TELLER, _iso(self._now), "track", event, said)
        record = json.dumps(written.record(self._folding.wire), separators=(",", ":"))
        return name.encode(), record.encode()

    def _check(self, event: str, said: dict[str, Any]) -> None:
        """Refuse what would not be understood, or would change what is counted."""
        wire = self._folding.wire
        if not wire.name:
            raise Refusal(
                "records of this format name no events, so none can tell of a launch; give "
                "`[source]` the path of the `name`"
            )
        if event not in self._folding.catalogue.inactive:
            raise Refusal(
                f"launches: {event!r} would make active who tells of it; put it on the list "
                "`exclude` of `[active]`"
            )
        taken = {getattr(wire, fact) for fact in wire.__dataclass_fields__}
        for path in said:
            if path in taken:
                raise Refusal(
                    f"launches: at {path!r} records of this format carry something else; name "
                    "another property in `[launches]`"
                )


def composed(name: str) -> str:
    """A name as it is kept: some systems write an accented letter as two characters."""
    return unicodedata.normalize("NFC", name)


def time_of(text: str | None, folding: Folding, now: int) -> int:
    """A time up to now, in milliseconds; one without an offset is of the reporting time zone."""
    if text is None:
        return now
    at = milliseconds("--at", text, folding.calendar.zone)
    if at > now:
        raise Refusal(f"--at: {text} lies in the future; mark a launch when it is there")
    if at < EARLIEST:
        raise Refusal(f"--at: {text} lies before 2000")
    return at


def _problems_of_name(name: str) -> Iterator[str]:
    if not name or clean(name) != name:
        yield (
            f"NAME: {name!r} cannot be one; it has 1 to {MAX_LABEL_CHARACTERS} characters, none of "
            "them a control character, and no blank at its ends"
        )


def _problems_of_asked(catalogue: Catalogue, option: str, texts: Sequence[str]) -> Iterator[str]:
    if len(texts) > MOST_ASKED:
        yield f"{option}: {len(texts)} are too many; a launch has at most {MOST_ASKED}"
    for text in texts:
        if len(text) > MOST_CHARACTERS:
            yield f"{option}: {text[:20]!r}… has more than {MOST_CHARACTERS} characters"
            continue
        try:
            ask(catalogue, text)
        except CannotAsk as error:
            yield f"{option}: {error}"


def _problems_of_split(catalogue: Catalogue, split: str) -> Iterator[str]:
    known: Iterable[str] = segments(catalogue)
    if split and split not in known:
        there = ", ".join(known) or "none; docs/settings.md shows how to have one"
        yield f"--split: there is no segment {split!r}; there are {there}"


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time / SECOND, UTC).isoformat(timespec="milliseconds")
