"""What is read of the values that an event holds: labels and amounts.

`streams.scores` reads scores.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, Protocol

from streams.aggregates import MICRO
from streams.catalogue import OTHER, Label
from streams.personal import may_tell_who

MAX_LABEL_CHARACTERS = 100
MAX_KNOWN_VALUES = 10_000
LARGEST_AMOUNT = 1_000_000_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Reader(Protocol):
    """Reads something of an event that sets it apart from others of its route."""

    def read(self, values: tuple[Any, ...]) -> str | int | None:
        """What it is, as a value that can be compared."""


class LabelReader:
    """Reads one label of an event: the value of a closed set, or cleaned text of an open one.

    Of an open one what may tell who somebody is becomes `__other__`.
    """

    def __init__(self, label: Label, paths: Sequence[str]) -> None:
        self._indices = tuple(paths.index(path) for path in label.paths)
        self._label = label
        self._known: dict[str, str | None] = {value: value for value in label.values}

    def read(self, values: tuple[Any, ...]) -> str | None:
        """The label's value; None when it is outside a strict set."""
        for index in self._indices:
            raw = values[index]
            if raw is None or raw == "":
                continue
            if type(raw) is str and raw in self._known:
                return self._known[raw]
            return self._admit(raw)
        return self._label.default

    def _admit(self, raw: Any) -> str | None:
        text = clean(raw)
        if self._label.values:
            found = text if text in self._label.values else OTHER
            return None if found == OTHER and self._label.strict else found
        text = OTHER if may_tell_who(_readable(raw)) else text or self._label.default
        if is_short(raw) and len(self._known) < MAX_KNOWN_VALUES:
            self._known[raw] = text
        return text


class AmountReader:
    """Says whether an event carries an amount that can be summed."""

    def __init__(self, path: str, paths: Sequence[str]) -> None:
        self._index = paths.index(path)

    def read(self, values: tuple[Any, ...]) -> bool:
        """Whether it does."""
        return not isinstance(micro_units(values[self._index]), str)


def is_short(raw: Any) -> bool:
    """Whether what was said may be kept in mind."""
    return raw is None or (type(raw) is str and len(raw) <= MAX_LABEL_CHARACTERS)


def clean(raw: Any) -> str:
    """Text of a label value: scalars only, normalised, without control characters, bounded."""
    return _readable(raw)[:MAX_LABEL_CHARACTERS]


def _readable(raw: Any) -> str:
    """The same before it is cut."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if not isinstance(raw, str | int | float):
        return OTHER
    text = CONTROL.sub("", str(raw)[: 4 * MAX_LABEL_CHARACTERS])
    return unicodedata.normalize("NFC", text).strip()


def micro_units(raw: Any) -> int | str:
    """A number in integer micro-units; otherwise the reason it cannot be summed."""
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return "no_value" if raw is None else "not_a_number"
    if raw < 0:
        return "negative"
    if raw <= LARGEST_AMOUNT:
        return round(raw * MICRO)
    return "absurd"  # infinity and NaN too
