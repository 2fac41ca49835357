"""The labels of a fact, as small numbers in the order in which a shard heard them."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from streams.catalogue import OTHER
from streams.persons.names import NOTHING
from streams.persons.population import Hashes
from streams.routing import Labels

MOST_LABELS = 2_000
"""What is heard beyond that is `__other__`: bounds what a flood of labels can take."""

Codes: TypeAlias = npt.NDArray[np.signedinteger[Any]]


class LabelCodes:
    """Gives labels their codes; 0 is that of none."""

    def __init__(self, names: Iterable[str] = (NOTHING,)) -> None:
        self.names = list(names)
        self._codes = {name: code for code, name in enumerate(self.names)}

    def code(self, name: str) -> int:
        """The code of a label."""
        found = self._codes.get(name)
        if found is None and len(self.names) >= MOST_LABELS and name != OTHER:
            return self.code(OTHER)
        if found is None:
            found = self._codes[name] = len(self.names)
            self.names.append(name)
        return found

    def joined(self, code: int, labels: Labels) -> Labels:
        """A label and those that follow it; only these where it is none."""
        name = self.names[code]
        return labels if name == NOTHING else (name, *labels)

    def hashes(self) -> Hashes:
        """64 bits by code that tell labels apart; 0 where there is none."""
        return np.array([_hash(name) for name in self.names], np.int64)

    def ranks(self) -> Codes:
        """By code, where a label stands when all are sorted as text."""
        return _ranks(self.names)


def _ranks(names: Sequence[str]) -> Codes:
    ranks = np.empty(len(names), np.int64)
    ranks[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    return ranks


def _hash(name: str) -> int:
    if name == NOTHING:
        return 0
    raw = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


def tabulated(flags: npt.NDArray[np.bool_], codes: Codes, labels: int) -> Codes:
    """How many columns are flagged, by row and code; `codes` are those of columns, or of all."""
    rows = np.arange(len(flags))[:, None] * labels
    found: Codes = np.bincount((rows + codes)[flags], minlength=len(flags) * labels)
    return found.reshape(len(flags), labels)
