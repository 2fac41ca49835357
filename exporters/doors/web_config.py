"""Reads a web-config file, the format of Prometheus and its exporters.

https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md
What is not supported of it is refused with the reason; nothing is passed over in silence.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from exporters.doors.passwords import HASH, Users
from exporters.doors.rate import BURST, INTERVAL, Bucket, seconds
from exporters.doors.tls import Tls, read_tls
from streams.schema import FLAG, ConfigurationError, Field, Problem, check, one_of

SECTIONS = ("tls_server_config", "http_server_config", "basic_auth_users", "rate_limit")
TLS, CERTIFICATES, PASSWORDS = "TLS", "client certificates", "passwords"
"""What may be asked."""
ANY_TABLE = Field(lambda x: x is None or isinstance(x, dict), "a mapping")
HEADER = Field(
    lambda x: isinstance(x, str) and x.isascii() and (x.isprintable() or not x),
    "one line of ASCII",
)
HEADERS = {
    "Content-Security-Policy": HEADER,
    "X-Frame-Options": one_of(("deny", "sameorigin", "")),
    "X-Content-Type-Options": one_of(("nosniff", "")),
    "X-XSS-Protection": HEADER,
    "Strict-Transport-Security": HEADER,
}


@dataclass(frozen=True)
class WebConfig:
    """What is asked of those who come, and said to them; without a file nothing is."""

    tls: Tls | None = None
    users: Users | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    bucket: Bucket | None = None
    files: tuple[Path, ...] = ()
    """What it was read from: the file itself, certificates, key."""

    @property
    def authenticates(self) -> bool:
        """Whether those who come must say who they are."""
        return any(what != TLS for what in self.asked)

    @property
    def asked(self) -> list[str]:
        """What those who come must have, in words."""
        asked = {
            TLS: self.tls is not None,
            CERTIFICATES: self.tls is not None and self.tls.requires_certificate,
            PASSWORDS: self.users is not None,
        }
        return [what for what, is_asked in asked.items() if is_asked]

    def lacks(self, before: "WebConfig") -> str:
        """What was asked before and is not asked here; empty when nothing."""
        return " and ".join(what for what in before.asked if what not in self.asked)

    def __str__(self) -> str:
        parts = [TLS if self.tls else f"no {TLS}"]
        if self.tls is not None and self.tls.requires_certificate:
            parts.append(CERTIFICATES)
        if self.users is not None:
            parts.append(f"{len(self.users)} with a password")
        return ", ".join(parts)


def read_web_config(path: Path) -> WebConfig:
    """Read a file and what it names; raises ConfigurationError with everything that is wrong."""
    problems: list[Problem] = []
    tables = check(
        _parse(path), dict.fromkeys(SECTIONS, Field(lambda _: True, "")), str(path), problems
    )
    tables = {name: table for name, table in tables.items() if table is not None}
    tls = read_tls(tables.get("tls_server_config", {}), path, problems)
    config = WebConfig(
        tls=tls,
        users=_users(tables.get("basic_auth_users", {}), path, problems),
        headers=_headers(tables.get("http_server_config", {}), path, problems),
        bucket=_bucket(tables.get("rate_limit", {}), path, problems),
        files=(path, *(tls.files if tls else ())),
    )
    if problems:
        raise ConfigurationError(problems)
    return config


def _users(table: Any, path: Path, problems: list[Problem]) -> Users | None:
    """Nothing of a wrong value is shown: it may be a password."""
    where = f"{path}: basic_auth_users"
    if not isinstance(table, dict):
        problems.append(Problem(where, "must be a line `name: hash` for each user"))
        return None
    for name, hashed in table.items():
        if not name or ":" in name:
            problems.append(Problem(where, f"{name!r} is no name of a user"))
        elif not HASH.accepts(hashed):
            problems.append(Problem(f"{where}.{name}", f"must be {HASH.expected}"))
    return Users(table) if table and not problems else None


def _headers(table: Any, path: Path, problems: list[Problem]) -> dict[str, str]:
    where = f"{path}: http_server_config"
    found = check(table, {"http2": FLAG, "headers": ANY_TABLE}, where, problems)
    headers = check(found.get("headers") or {}, HEADERS, f"{where}.headers", problems)
    return {name: value for name, value in headers.items() if value}


def _bucket(table: Any, path: Path, problems: list[Problem]) -> Bucket | None:
    where = f"{path}: rate_limit"
    found = check(table, {"interval": INTERVAL, "burst": BURST}, where, problems)
    interval = seconds(found.get("interval", 0))
    if interval and "burst" not in found:
        problems.append(Problem(where, f"needs 'burst' beside 'interval': {BURST.expected}"))
        return None
    return Bucket(interval, found["burst"]) if interval else None


class _Loader(yaml.SafeLoader):
    """Refuses a key that is no text, or is there twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(
                problem=f"{twice!r} is there twice", problem_mark=node.start_mark
            )
        mapping = super().construct_mapping(node, deep)
        for key in mapping:
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key!r} is no text: quote it", problem_mark=node.start_mark
                )
        return mapping


def _parse(path: Path) -> dict[str, Any]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - it is a SafeLoader
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        why = "is not UTF-8"
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = f"cannot be used: {_reason(error)}"
    else:
        if document is None:
            return {}
        if isinstance(document, dict):
            return document
        why = f"must hold {', '.join(SECTIONS[:-1])} or {SECTIONS[-1]}"
    raise ConfigurationError([Problem(str(path), why)])


def _reason(error: Exception) -> str:
    """What YAML says, without the line it quotes: there may be a secret in it."""
    problem = getattr(error, "problem", None) or "it cannot be understood"
    mark = getattr(error, "problem_mark", None)
    return f"{problem} (line {mark.line + 1})" if mark else str(problem)
