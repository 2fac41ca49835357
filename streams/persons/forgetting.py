"""Persons who are to be forgotten: what is kept of them goes, what was counted stays.

Whoever is told of as forgotten is forgotten as of the end of that local day: what was before it is
another person's, of whom nothing is kept; whoever comes again is new. It is done when nothing on
time can come any more of that day, so in whatever order facts are heard, they come to the same; and
when nothing of it is told again, for a subscription told once more would make them known again.
"""

from typing import TYPE_CHECKING

import numpy as np

from streams.panes import MINUTE, Calendar
from streams.persons.names import ACTIVE, FORGOTTEN
from streams.persons.population import Flags, Rows, flagged, portions
from streams.persons.presence import NEVER, days_of
from streams.persons.sessions import GAP_MINUTES

if TYPE_CHECKING:
    from streams.persons.people import People

MOST_AT_ONCE = 2_000
"""Persons parted in one go: each takes about 2 KB meanwhile, and one does not matter to another."""


def let_go(people: "People", calendar: Calendar, settled: int) -> None:
    """Forget those whose day is over, where no fact of before can come or be told again."""
    waiting = people.registers[FORGOTTEN].entries
    if not len(waiting.rows):
        return
    days = days_of(calendar, waiting.times // MINUTE) + 1
    forgotten: list[Rows] = []
    for day in np.unique(days).tolist():  # in order: somebody may be forgotten again
        if calendar.day_of_number(day).start + GAP_MINUTES * MINUTE > settled:
            break
        forgotten.append(np.unique(waiting.rows[days == day]).astype(np.int64))
        for some in portions(forgotten[-1], MOST_AT_ONCE):
            _part(people, some, day)
    if forgotten:
        _drop(people, np.unique(np.concatenate(forgotten)))


def _part(people: "People", rows: Rows, day: int) -> None:
    """Let what is known of persons before a day be somebody else's; what came since stays."""
    with people.health.parting(rows, day):
        for fact in people.by_name.values():
            fact.part(rows, day)


def _drop(people: "People", rows: Rows) -> None:
    """Let go of those of persons of whom nothing is known any more."""
    gone = flagged(rows, people.population.size) & ~_known(people)
    numbers = np.cumsum(~gone) - 1
    for name, marks in people.marks.items():
        if name != ACTIVE:
            there = marks.presence.first(np.arange(marks.population.size)) != NEVER
            marks.keep(there, numbers)
    people.marks[ACTIVE].keep(~gone, numbers)  # it holds everybody
    for register in people.registers.values():
        register.keep(numbers)
    people.sessions.keep(numbers)


def _known(people: "People") -> Flags:
    """Of whom anything is known."""
    everybody = np.arange(people.population.size)
    known: Flags = people.marks[ACTIVE].presence.first(everybody) != NEVER
    for name, marks in people.marks.items():
        if name != ACTIVE:
            rows = np.arange(marks.population.size)
            known[marks.owners[rows[marks.presence.first(rows) != NEVER]]] = True
    for register in people.registers.values():
        known[register.entries.rows] = True
    known[people.sessions.open.persons] = True
    return known
