"""Which rights in Kafka a command needs (docs/architecture.md lists them), and which it has not.

A broker tells of a topic what may be done with it (KIP-430); what it does not tell is not missed.
Of a group it tells that when somebody acts in it.
"""

import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove
from kafka.errors import GroupAuthorizationFailedError, KafkaError

from agents.administration import RIGHTS_ADVICE, NotAllowed, administration, describe
from agents.findings import Topic
from agents.settings import WorkerSettings

READ, WRITE, DESCRIBE = "read", "write", "describe"
COORDINATOR_SECONDS = 10.0
"""A cluster that has had no group yet needs a moment."""
NOBODY = MemberToRemove(member_id="nobody")


class Needs(NamedTuple):
    """What must be allowed: things to do with topics, in their order, and groups to be in."""

    topics: Mapping[str, frozenset[str]]
    groups: tuple[str, ...] = ()


def of_worker(settings: WorkerSettings) -> Needs:
    """What a worker needs."""
    persons = settings.of_persons()
    kept = (settings.changelog_topic, settings.facts_topic, persons.changelog_topic)
    topics = {settings.topic: frozenset({READ})} | dict.fromkeys(kept, frozenset({READ, WRITE}))
    topics[settings.dead_letter_topic] = frozenset({WRITE})
    return Needs(topics, (settings.group, persons.group))


def of_replay(settings: WorkerSettings) -> Needs:
    """What a replay needs: it is in no group, and tells no facts."""
    facts = {settings.facts_topic: frozenset({DESCRIBE})}
    return Needs({**of_worker(settings).topics, **facts})


def to(right: str, *topics: str) -> Needs:
    """One right to each of these topics."""
    return Needs(dict.fromkeys(topics, frozenset({right})))


def look(admin: KafkaAdminClient, needs: Needs) -> dict[str, Topic]:
    """Those topics that are there; raises NotAllowed unless all is allowed that is needed."""
    found = describe(admin, *needs.topics)
    if told := list(_lacking(admin, found, needs)):
        raise NotAllowed(", ".join(told))
    return found


def missing(settings: WorkerSettings) -> str | None:
    """What a worker could not do, and what to do then; raises KafkaUnreachable and Refusal."""
    needs = of_worker(settings)
    with administration(settings.kafka) as admin:
        found = ", ".join(_lacking(admin, describe(admin, *needs.topics), needs))
    told = f"does not let {settings.kafka.visitor} {found}, which a worker needs"
    return f"{told}: {RIGHTS_ADVICE}" if found else None


def _lacking(admin: KafkaAdminClient, found: Mapping[str, Topic], needs: Needs) -> Iterator[str]:
    """What is not allowed, in words; `found` are the topics that are there."""
    for name, topic in found.items():
        needed = needs.topics[name]
        if topic.rights is not None and (refused := needed - topic.rights):
            yield f"{' and '.join(sorted(refused))} topic {name!r}"
    yield from (f"read group {name!r}" for name in needs.groups if not _takes_part(admin, name))


def _takes_part(admin: KafkaAdminClient, group: str) -> bool:
    """Whether we may: asks it to let a member go that it has not, which changes nothing."""
    deadline = time.monotonic() + COORDINATOR_SECONDS
    while True:
        try:
            admin.remove_group_members(group, [NOBODY])
        except GroupAuthorizationFailedError:
            return False
        except KafkaError as error:
            if error.retriable and time.monotonic() < deadline:
                time.sleep(0.1)
                continue
        return True
