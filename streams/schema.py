"""Checks tables read from TOML: all problems at once, each with its place and what is right."""

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """One thing wrong in a configuration: where (file and key) and what would be right."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class ConfigurationError(ValueError):
    """A configuration cannot be used; `problems` are all that were found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Field(NamedTuple):
    """What a key may hold: a test, and the words that tell a person what would be right."""

    accepts: Callable[[Any], bool]
    expected: str
    required: bool = False


LARGEST = 1 << 63
"""TOML has numbers of 64 bits; Python reads larger ones, and then refuses to write them down."""
MOST_SHOWN = 200
"""Characters of a mistaken value that are told."""


def read_toml(text: str) -> dict[str, Any]:
    """The tables of a text; raises ValueError, in words, when it is no TOML."""
    try:
        tables = tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    waiting: list[Any] = [tables]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
        elif isinstance(value, int) and not -LARGEST <= value < LARGEST:
            raise ValueError("a number is beyond 64 bits")
    return tables


def shown(value: Any) -> str:
    """A value as a message tells it: on one line and not too long."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def check(
    table: Any, fields: Mapping[str, Field], where: str, problems: list[Problem]
) -> dict[str, Any]:
    """Return the usable keys of a table; note every unknown, missing or mistaken one."""
    if not isinstance(table, dict):
        problems.append(Problem(where, f"must be a table, not {shown(table)}"))
        return {}
    usable = {}
    for key, value in table.items():
        field = fields.get(key)
        if field is None:
            problems.append(Problem(where, f"unknown key {key!r}; {_suggest(key, fields)}"))
        elif not field.accepts(value):
            message = f"must be {field.expected}, not {shown(value)}"
            problems.append(Problem(f"{where}.{key}", message))
        else:
            usable[key] = value
    for key, field in fields.items():
        if field.required and key not in table:
            problems.append(Problem(where, f"needs {key!r}: {field.expected}"))
    return usable


def _suggest(key: str, fields: Mapping[str, Field]) -> str:
    close = difflib.get_close_matches(key, fields, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known are {', '.join(sorted(fields))}"


def is_text(value: Any) -> bool:
    """A text that says something."""
    return isinstance(value, str) and bool(value.strip())


def is_texts(value: Any) -> bool:
    """A list of such texts."""
    return isinstance(value, list) and all(is_text(item) for item in value)


def is_whole(value: Any) -> bool:
    """A whole number of at least one."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def is_flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def one_of(values: Sequence[str]) -> Field:
    """One of a few words."""
    return Field(lambda value: value in values, f"one of {', '.join(values)}")


def some_of(values: Sequence[str]) -> Field:
    """A list of some of a few words."""
    return Field(
        lambda value: isinstance(value, list) and all(item in values for item in value),
        f"a list of some of {', '.join(values)}",
    )


TEXT = Field(is_text, "a text that is not empty")
TEXTS = Field(is_texts, "a list of texts")
WHOLE = Field(is_whole, "a whole number of at least 1")
FLAG = Field(is_flag, "true or false")
