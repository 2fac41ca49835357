"""What is fuzzed: a surface takes bytes from outside and says what became of them."""

import random
from collections.abc import Iterable
from typing import Protocol


class Surface(Protocol):
    """One way in. Whatever `examine` raises is a crash."""

    name: str

    def seeds(self) -> Iterable[bytes]:
        """Inputs as they should be, to begin with."""

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """An input with a change in its structure, so that parsers do not stop at the first byte.

        Raises ValueError where the input has none.
        """

    def examine(self, data: bytes) -> str:
        """Hand an input in, judge what comes out, and name its outcome."""

    def close(self) -> None:
        """Let go of what it holds."""
