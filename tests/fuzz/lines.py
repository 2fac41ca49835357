"""Changes text that is made of lines: settings, lists, requests."""

import random
from collections.abc import Sequence


def change(
    data: bytes, rng: random.Random, spare: Sequence[bytes], values: Sequence[bytes]
) -> bytes:
    """The text with one change: `spare` are more lines to put in, `values` what may follow a sign.

    Where the text has none, one of those.
    """
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    kind = rng.randrange(7)
    if kind == 0:
        del lines[at]
    elif kind == 1:
        lines[at:at] = [lines[rng.randrange(len(lines))]] * rng.choice((1, 1, 2, 50))
    elif kind in (2, 3):
        lines[at:at] = [rng.choice(spare)]
    elif kind in (4, 5):
        lines[at] = _with_value(lines[at], rng.choice(values), rng)
    else:
        cut = rng.randint(0, len(lines[at]))
        lines[at] = lines[at][:cut] + rng.choice(JUNK) + lines[at][cut:]
    return b"\n".join(lines)


JUNK = (b"\x00", b"\xff", b'"', b"\\", b"'", b"[", b"{", b",", b"=", b" ", b"\r", b"\xc3\xa9", b".")
SIGNS = b"=,;: "


def _with_value(line: bytes, value: bytes, rng: random.Random) -> bytes:
    """A line with another value behind one of its signs."""
    signs = [place for place, byte in enumerate(line) if byte in SIGNS]
    if not signs:
        return value
    begin = rng.choice(signs) + 1
    end = min((place for place in signs if place >= begin), default=len(line))
    return line[:begin] + value + line[rng.choice((end, len(line))) :]
