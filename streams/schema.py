"""Checks tables read from TOML: all problems at once, each with its place and what is right."""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from streams.suggestion import suggest


class Problem(NamedTuple):
    """One thing wrong in a configuration: where (file and key) and what would be right."""

    where: str
    message: str

    def __str__(self) -> str:
        where = self.where if self.where.isprintable() else repr(self.where)
        return f"{where}: {self.message}"


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
    secret: bool = False
    """Whether a value is shown to nobody, a mistaken one neither."""

    def mistake(self, value: Any) -> str:
        """Say what is wrong with a value that is not accepted."""
        return f"must be {self.expected}" + ("" if self.secret else f", not {shown(value)}")


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
            problems.append(Problem(where, f"unknown key {key!r}; {suggest(key, sorted(fields))}"))
        elif not field.accepts(value):
            problems.append(Problem(f"{where}.{key}", field.mistake(value)))
        else:
            usable[key] = value
    for key, field in fields.items():
        if field.required and key not in table:
            problems.append(Problem(where, f"needs {key!r}: {field.expected}"))
    return usable


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
