"""Reads settings from a TOML file and the environment; every problem is reported at once.

An environment variable wins over the file; with `_FILE` at its end it names a file that holds the
value, for secrets.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from streams.catalogue_file import SECTIONS
from streams.schema import TEXT, ConfigurationError, Field, Problem, check, read_toml, shown
from streams.suggestion import suggest
from tidegauge.setting_kinds import ANYTHING
from tidegauge.settings import DECLARED, ENVIRONMENT, Settings

SERVICE_LINK = re.compile(r"\w+(_SERVICE_(HOST|PORT\w*)=|_PORT_\d+_\w+=|_PORT=\w+://).*", re.DOTALL)
"""Kubernetes sets such variables for a Service that is called tidegauge; they are not ours."""
SOURCE_PATHS = (
    *("message_id", "user", "time", "kind", "name", "anonymous", "original_time", "sent_at"),
    *("received_at", "bot", "user_agent", "properties", "traits"),
)
ENVIRONMENT_NAMES = frozenset(
    ENVIRONMENT + key.replace(".", "_").upper() + suffix
    for key in DECLARED
    for suffix in ("", "_FILE")
) | {f"{ENVIRONMENT}CONFIG"}
ALL = "docs/settings.md names all"


def load_settings(path: str | None, environment: Mapping[str, str]) -> Settings:
    """Read settings; raises ConfigurationError with every problem found."""
    settings, problems = read_settings(path, environment)
    if problems:
        raise ConfigurationError(problems)
    return settings


def read_settings(
    path: str | None, environment: Mapping[str, str]
) -> tuple[Settings, list[Problem]]:
    """Read settings and every problem; a setting that has one is left at its default.

    `path` is the TOML file (else TIDEGAUGE_CONFIG, else none).
    """
    problems: list[Problem] = []
    path = path or environment.get(f"{ENVIRONMENT}CONFIG")
    document = _read(path, problems) if path else {}
    values = _from_file(str(path), document, problems)
    values |= _from_environment(environment, problems)
    catalogue = {
        section: document[section]
        for section in SECTIONS
        if isinstance(document.get(section), dict)
    }
    if catalogue:
        values["catalogue"] = {str(path): catalogue}
    return Settings(**values), problems


def _read(path: str, problems: list[Problem]) -> dict[str, Any]:
    try:
        return read_toml(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(path, f"cannot be read: {error.strerror}"))
    except ValueError as error:  # no UTF-8, or no TOML
        problems.append(Problem(path, f"is not TOML: {error}"))
    return {}


def _from_file(path: str, document: dict[str, Any], problems: list[Problem]) -> dict[str, Any]:
    sections: dict[str, dict[str, Field]] = {}
    for key, declared in DECLARED.items():
        section, _, name = key.partition(".")
        sections.setdefault(section, {})[name] = declared.metadata["accepts"]
    sections["source"] |= dict.fromkeys(SOURCE_PATHS, TEXT)
    tables = check(document, dict.fromkeys((*sections, *SECTIONS), ANYTHING), path, problems)
    problems.extend(
        Problem(f"{path}: {section}", f"must be a table, not {shown(tables[section])}")
        for section in SECTIONS
        if not isinstance(tables.get(section, {}), dict)
    )
    values: dict[str, Any] = {}
    for section, keys in sections.items():
        found = check(tables.get(section, {}), keys, f"{path}: {section}", problems)
        if section == "source":
            values["source_paths"] = {k: found.pop(k) for k in SOURCE_PATHS if k in found}
        values |= {
            DECLARED[f"{section}.{key}"].name: tuple(value) if isinstance(value, list) else value
            for key, value in found.items()
        }
    return values


def _from_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values = {}
    for key, declared in DECLARED.items():
        name = ENVIRONMENT + key.replace(".", "_").upper()
        text = environment.get(name)
        if text is not None and f"{name}_FILE" in environment:
            problems.append(Problem(name, f"and {name}_FILE are both set: keep one of them"))
        if text is None and f"{name}_FILE" in environment:
            text = _secret(f"{name}_FILE", environment[f"{name}_FILE"], problems)
        if text is None:
            continue
        accepts: Field = declared.metadata["accepts"]
        value = _convert(text, type(declared.default))
        if accepts.accepts(list(value) if isinstance(value, tuple) else value):
            values[declared.name] = value
        else:
            problems.append(Problem(name, accepts.mistake(text)))
    problems.extend(
        Problem(name, f"is no setting of tidegauge; {suggest(name, ENVIRONMENT_NAMES, ALL)}")
        for name in sorted(environment.keys() - ENVIRONMENT_NAMES)
        if name.startswith(ENVIRONMENT)
        and not SERVICE_LINK.fullmatch(f"{name}={environment[name]}")
    )
    return values


def _secret(name: str, path: str, problems: list[Problem]) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        problems.append(Problem(name, f"{path} cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        problems.append(Problem(name, f"{path} is not UTF-8"))
    return None


def _convert(text: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    if kind is tuple:
        return tuple(part.strip() for part in text.split(","))
    convert: Callable[[str], Any] = {int: int, float: float}.get(kind, str)
    try:
        return convert(text)
    except ValueError:
        return text
