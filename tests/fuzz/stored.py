"""Rows that something else than this version may have written, or damaged.

An input is a MessagePack list of (row name, how, bytes). A row is damaged (the bytes stand as they
are), or sealed as it should be around contents that may be anything.
"""

import random
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from streams.unit import HEADER_BYTES, seal
from tests.fuzz import trees
from tests.streams.made_up import of_version

DAMAGED, SEALED, LATER = range(3)
SELDOM = 0.05
encode, decode = msgspec.msgpack.encode, msgspec.msgpack.decode


class ChangedRows:
    """The rows as they should be, by name, and inputs that change some of them."""

    def __init__(self, sound: Mapping[str, bytes]) -> None:
        self.sound = dict(sound)
        self._names = sorted(sound)
        self._spare = [tree for raw in sound.values() if (tree := decode(raw[HEADER_BYTES:]))]

    def close(self) -> None:
        """It holds nothing."""

    def seeds(self) -> Iterator[bytes]:
        """Each row as it is, and damaged."""
        for name, raw in self.sound.items():
            yield encode([(name, SEALED, raw[HEADER_BYTES:])])
            yield encode([(name, DAMAGED, raw)])

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """Change the contents of one row, or change one row more."""
        items = _items(data)
        if not items or rng.random() < 2 * SELDOM:
            name = rng.choice(self._names)
            items.append([name, SEALED, self.sound[name][HEADER_BYTES:]])
        item = rng.choice(items)
        if rng.random() < SELDOM:
            item[1] = rng.choice((DAMAGED, SEALED, LATER))
        if rng.random() < SELDOM:
            item[0] = str(trees.change(item[0], rng, self._names))
        spare = rng.choice(self._spare)
        more = spare if isinstance(spare, list) else ()
        try:
            item[2] = encode(trees.change(decode(item[2]), rng, more))
        except OverflowError as error:
            raise ValueError("MessagePack has no such number") from error
        return encode(items)

    def changed(self, data: bytes) -> dict[str, bytes]:
        """The rows that an input puts in the place of others."""
        return {name: self._sealed(name, how, raw) for name, how, raw in _items(data)}

    def seal_of(self, name: str) -> str:
        """Under which name a row is sealed."""
        return name.partition("/")[2] or name

    def _sealed(self, name: str, how: int, raw: bytes) -> bytes:
        if how == DAMAGED:
            return raw
        sealed = seal(msgspec.Raw(raw), self.seal_of(name))
        return of_version(sealed, 9, self.seal_of(name)) if how == LATER else sealed


def _items(data: bytes) -> list[Any]:
    """What an input says; [] when it is none."""
    try:
        return [list(item) for item in decode(data, type=list[tuple[str, int, bytes]])]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
