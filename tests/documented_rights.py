"""The table of rights in docs/architecture.md, and how Kafka is told to grant them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ResourcePattern, ResourceType

from agents.settings import WorkerSettings

PAGE = Path(__file__).parent.parent / "docs" / "architecture.md"
SECTION = "\nRights, where the cluster asks for them"
CODE = re.compile(r"`([^`]+)`")
ELSEWHERE = "what is not there"


class Right(NamedTuple):
    """What a command may do, with what a column of the table stands for."""

    column: str
    does: str


def documented() -> dict[str, list[Right]]:
    """The rights of each command."""
    section = PAGE.read_text(encoding="utf-8").partition(SECTION)[2]
    head, _, *rows = (_cells(line) for line in section.splitlines() if line.startswith("|"))
    return {
        command: [
            Right(column, does)
            for column, cell in zip(head[1:], cells, strict=True)
            for does in filter(None, cell.split(", "))
        ]
        for commands, *cells in rows
        for command in CODE.findall(commands)
    }


def user_of(command: str) -> str:
    """Name of the user that a command has for itself."""
    return command.replace(" ", "-")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def resources(settings: WorkerSettings, column: str) -> list[tuple[ResourceType, str]]:
    """What a column stands for, under the names of these settings."""
    application = settings.application
    if column == "your topic":
        return [(ResourceType.TOPIC, settings.topic)]
    if column == ELSEWHERE:
        return [(ResourceType.TOPIC, topic) for topic in _all_topics(settings)]
    (first, *_) = names = [name.removeprefix("…") for name in CODE.findall(column)]
    if first.startswith("-"):
        return [(ResourceType.TOPIC, application + name) for name in names]
    return [(ResourceType.GROUP, name.replace("tidegauge", application)) for name in names]


def _all_topics(settings: WorkerSettings) -> list[str]:
    persons = settings.of_persons()
    own = [settings.facts_topic, settings.dead_letter_topic]
    return [settings.topic, settings.changelog_topic, persons.changelog_topic, *own]


def grant(admin: KafkaAdminClient, settings: WorkerSettings, user: str, right: Right) -> None:
    """Let a user do it."""
    answered = admin.create_acls(list(_lines(settings, user, right)))
    assert not answered["failed"], answered


def revoke(admin: KafkaAdminClient, settings: WorkerSettings, user: str, right: Right) -> None:
    """Let a user do it no more."""
    for _, found, _ in admin.delete_acls(list(_lines(settings, user, right))):
        assert found, right


def _lines(settings: WorkerSettings, user: str, right: Right) -> Iterator[ACL]:
    does = ACLOperation[right.does.upper()]
    for resource, name in resources(settings, right.column):
        pattern = ResourcePattern(resource, name)
        yield ACL(f"User:{user}", "*", does, ACLPermissionType.ALLOW, pattern)
