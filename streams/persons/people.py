"""All that a shard knows of its persons: a fold of facts for which their order does not matter."""

from collections.abc import Sequence

import numpy as np

from streams.panes import MINUTE, NO_WATERMARK, Calendar
from streams.persons.facts import Facts
from streams.persons.forgetting import let_go
from streams.persons.health import Health
from streams.persons.labels import Codes
from streams.persons.marks import Marks
from streams.persons.names import ACTIVE, FORGOTTEN, LASTING, MARKED, STATED
from streams.persons.population import Hashes, Times, portions
from streams.persons.presence import days_of
from streams.persons.register import Register
from streams.persons.sessions import Sessions
from streams.persons.sheets import Sheets

KEPT_DAYS = 128
"""Days that are kept of a person, and at most half as many again: more than a score of health needs
that is counted anew."""

MOST_AT_ONCE = 2_000
"""Facts that are noted together: what each comes to is worked out for all of their days."""


class People:
    """Marks, registers and sessions, counted in sheets."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self.sheets = Sheets(calendar)
        self.marks = {name: Marks(name, calendar, self.sheets) for name in MARKED}
        self.population = self.marks[ACTIVE].population
        """Everybody of whom anything is known."""
        self.registers = {name: Register(name, calendar, self.sheets) for name in LASTING}
        self.sessions = Sessions(calendar, self.sheets)
        self.health = Health(calendar, self.marks, self.registers, self.sheets)

    @property
    def by_name(self) -> dict[str, Marks | Register]:
        """What is kept of each fact."""
        return {**self.marks, **self.registers}

    @property
    def waiting_to_be_forgotten(self) -> int:
        """How many are told of as forgotten and are still known."""
        return len(np.unique(self.registers[FORGOTTEN].entries.rows))

    def note(self, name: str, told: Sequence[Facts]) -> None:
        """Note facts of a name, also again."""
        labels = self.by_name[name].labels
        persons = np.concatenate([facts.persons for facts in told])
        times = np.concatenate([facts.times for facts in told])
        codes = np.repeat(
            [labels.code(facts.label) for facts in told], [len(facts.persons) for facts in told]
        )
        if not len(persons):
            return
        if name == ACTIVE:
            rows = self.population.admit(persons)
            self.sessions.note(rows, times // MINUTE, self.population.size)
        note = self._mark if name in MARKED else self._enter
        in_order = np.argsort(times, kind="stable")
        for some in portions(in_order, MOST_AT_ONCE):
            note(name, persons[some], codes[some], times[some])

    def _mark(self, name: str, persons: Hashes, codes: Codes, times: Times) -> None:
        marks, days = self.marks[name], days_of(self._calendar, times // MINUTE)
        fresh = marks.lacks(persons, codes, days)
        if not fresh.any():
            return
        persons, codes, days = persons[fresh], codes[fresh], days[fresh]
        rows = self.population.admit(persons)
        with self.health.recounting(name, rows, days):
            marks.note(persons, rows, codes, days)

    def _enter(self, name: str, persons: Hashes, codes: Codes, times: Times) -> None:
        register, rows = self.registers[name], self.population.admit(persons)
        fresh = register.lacks(rows, codes, times, self.population.size)
        if not fresh.any():
            return
        rows, codes, times = rows[fresh], codes[fresh], times[fresh]
        days = days_of(self._calendar, times // MINUTE)
        with self.health.recounting(name, rows, days):
            register.note(rows, codes, times, self.population.size)

    def forget(self, horizon: int, settled: int) -> None:
        """Let go of what nothing needs: nothing on time can come before the horizon any more.

        Persons go once nothing before `settled` is told again either, and days after them: what was
        before somebody is forgotten takes the days of then.
        """
        self.sessions.close_before(horizon // MINUTE)
        if settled == NO_WATERMARK:
            return
        let_go(self, self._calendar, settled)
        kept = self._calendar.day_number(settled) - KEPT_DAYS
        for marks in self.marks.values():
            marks.presence.forget_before(kept)
        for name in set(LASTING).difference(STATED):
            self.registers[name].forget_before(self._calendar.day_of_number(kept).start)
