"""Facts that are kept by time, as entries of persons, and what held of whom when."""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from streams.panes import NO_WATERMARK
from streams.persons.labels import Codes
from streams.persons.population import Flags, Rows, Times

NOTHING_CODE = 0
"""The code of a label that says nothing holds."""
NONE = -1
"""The code of a person who has no fact yet."""


Column: TypeAlias = npt.NDArray[np.signedinteger[Any]]


class Entries(NamedTuple):
    """Facts; columns of one length."""

    rows: Column
    times: Column
    """In milliseconds."""
    codes: Column

    @classmethod
    def of(cls, rows: Column, times: Column, codes: Column) -> "Entries":
        """Entries in the least room."""
        return cls(rows.astype(np.int32), times, codes.astype(np.int16))

    def take(self, chosen: Flags | Rows) -> "Entries":
        """Some of them."""
        return Entries(*(column[chosen] for column in self))

    def join(self, other: "Entries") -> "Entries":
        """These and others, in no order."""
        return Entries(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def in_order(self, ranks: Codes) -> "Entries":
        """In the order of person, time and label, each once; `ranks` is that of each label."""
        found = self.take(np.lexsort((ranks[self.codes], self.times, self.rows)))
        is_new = np.ones(len(found.rows), np.bool_)
        is_new[1:] = np.any([np.diff(column) != 0 for column in found], axis=0)
        return found.take(is_new)


class Held(NamedTuple):
    """What holds of some persons, a column each."""

    codes: Codes
    """NONE where nothing ever did."""
    since: Times


class History:
    """The entries, in order, of some persons, who are asked for by their place among `rows`."""

    def __init__(self, rows: Rows, entries: Entries) -> None:
        self._entries, self._persons = entries, np.arange(len(rows))
        self._places = np.searchsorted(rows, entries.rows)
        self._begins = np.searchsorted(self._places, self._persons)
        self._ends = np.searchsorted(self._places, self._persons, side="right")

    def before(self, times: Times) -> Held:
        """What held just before some times, which are in order: a row a time, a column a person."""
        steps = len(times) + 1
        since = np.searchsorted(times, self._entries.times, side="right")
        known = self._places * steps + since
        asked = self._persons * steps + np.arange(len(times))[:, None]
        return self._at(np.searchsorted(known, asked, side="right") - 1)

    def latest(self) -> Held:
        """What holds now."""
        return self._at(self._ends - 1)

    def earliest(self) -> Held:
        """The first fact of each person."""
        return self._at(np.where(self._ends > self._begins, self._begins, -1))

    def _at(self, entries: Rows) -> Held:
        is_known = entries >= self._begins
        if not is_known.any():
            return Held(np.full(entries.shape, NONE), np.full(entries.shape, NO_WATERMARK))
        return Held(
            np.where(is_known, self._entries.codes[entries], NONE),
            np.where(is_known, self._entries.times[entries], NO_WATERMARK),
        )
