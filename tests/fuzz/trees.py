"""Changes trees of plain values, as JSON and MessagePack hold them, in one place at a time."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 255, 1 << 31, (1 << 53) + 1, (1 << 63) - 1, -(1 << 63)),
    *(1 << 64, -(1 << 62), 10**25, 0.0, -0.0, 0.5, 1e300, -1e-300),
    *("", " ", "\x00", "a\nb", "\u202e", "\U0001f600", "0", "-1", "NaN", "null", "\ud800"),
    *("2026-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00+14:00"),
    *([], {}, [None], [[]], {"": None}, {"\x00": 0}),
)


def change(tree: Any, rng: random.Random, spare: Sequence[Any] = ()) -> Any:
    """The tree with one change, in place where it can be; `spare` are more values to put in."""
    box = [tree]
    container, key = rng.choice(list(_places(box)))
    act = rng.choice(ACTS)
    act(container, key, rng, spare)
    return box[0] if box else None


def _places(box: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every container with every key of it."""
    waiting: list[Any] = [box]
    while waiting:
        container = waiting.pop()
        pairs = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in pairs:
            yield container, key
            if isinstance(value, dict | list):
                waiting.append(value)


Act = Callable[[Any, Any, random.Random, Sequence[Any]], None]


def _put_odd(container: Any, key: Any, rng: random.Random, _: Sequence[Any]) -> None:
    container[key] = rng.choice(ODD)


def _put_spare(container: Any, key: Any, rng: random.Random, spare: Sequence[Any]) -> None:
    container[key] = rng.choice(spare or ODD)


def _remove(container: Any, key: Any, _: random.Random, __: Sequence[Any]) -> None:
    del container[key]


def _repeat(container: Any, key: Any, rng: random.Random, spare: Sequence[Any]) -> None:
    if isinstance(container, list):
        container[key:key] = [container[key]] * rng.choice((1, 1, 2, 100))
    else:
        container[str(rng.choice(spare or ODD))] = container[key]


def _nudge(container: Any, key: Any, rng: random.Random, _: Sequence[Any]) -> None:
    value = container[key]
    if isinstance(value, bool) or value is None:
        container[key] = not value
    elif isinstance(value, int | float):
        container[key] = rng.choice((value + 1, value - 1, -value, value * 2, value * 1000))
    elif isinstance(value, str | bytes):
        container[key] = _cut(value, rng)
    else:
        container[key] = [value]


def _cut(text: Any, rng: random.Random) -> Any:
    at = rng.randint(0, len(text))
    junk = rng.choice(("\x00", "é", "/", ".", "9" * 30)) if isinstance(text, str) else b"\xff"
    return rng.choice((text[:at], text[at:], text[:at] + junk + text[at:], text * 3, text * 300))


ACTS: tuple[Act, ...] = (_put_odd, _put_odd, _put_spare, _remove, _repeat, _nudge, _nudge)
