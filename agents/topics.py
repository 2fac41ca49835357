"""The topics a worker needs: what is there, whether it will do, and creating tidegauge's own.

Blocking; called before the worker consumes, in a thread.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from kafka import KafkaAdminClient

from agents.administration import (
    KafkaUnreachable,
    administration,
    count_brokers,
    create,
    describe,
    grow,
    read_settings,
)
from agents.boot_checks import (
    SAFE_REPLICAS,
    Finding,
    Topic,
    Weight,
    judge_changelog,
    judge_dead_letters,
    judge_partitions,
    judge_source,
    refuse,
)
from agents.dead_letters import LETTER_BYTES
from agents.lineages import align
from agents.settings import CHANGELOG_RECORD_BYTES, Refusal, WorkerSettings

__all__ = [
    "Inspection",
    "KafkaUnreachable",
    "Source",
    "administration",
    "count_partitions",
    "create",
    "ensure",
    "inspect",
    "prepare",
]

log = logging.getLogger("tidegauge.worker")

DEAD_LETTER_RETENTION_MILLISECONDS = 7 * 24 * 3_600_000
DEAD_LETTER_RECORD_BYTES = LETTER_BYTES + 20_000  # its headers, and what a batch adds
CHANGELOG_SETTINGS = {
    "cleanup.policy": "compact",
    "max.message.bytes": str(CHANGELOG_RECORD_BYTES),
    "min.compaction.lag.ms": "600000",
    "segment.ms": "3600000",
    "segment.bytes": str(64 << 20),  # the active segment is not compacted, and read on each start
}
DEAD_LETTER_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": str(DEAD_LETTER_RETENTION_MILLISECONDS),
}


@dataclass(frozen=True)
class Source:
    """The topic of product events as the broker describes it."""

    partitions: int
    topic_id: str
    """The broker's id of the topic, or its name where the broker gives none."""


@dataclass(frozen=True)
class Inspection:
    """The topics that are there, the source first, and what there is to say about all of them."""

    topics: list[Topic]
    findings: list[Finding]


def count_partitions(bootstrap: str, topic: str) -> int:
    """Partitions of a topic; raises Refusal where there is none, and KafkaUnreachable."""
    with administration(bootstrap) as admin:
        found = describe(admin, topic)
    if topic not in found:
        raise _no_source(bootstrap, topic)
    return found[topic].partitions


def prepare(settings: WorkerSettings) -> Source:
    """Create tidegauge's own topics where they are missing, check all, log the warnings.

    Raises Refusal when the worker must not start, KafkaUnreachable when it may try again.
    """
    with administration(settings.kafka_bootstrap) as admin:
        found = _describe_all(admin, settings)
        source = found[settings.topic]
        refuse(judge_partitions(source, found.values()))
        missing = {name: s for name, s in _own_topics(settings).items() if name not in found}
        for name, wanted in missing.items():
            create(admin, name, source.partitions, settings.replication_factor, wanted)
        if missing:
            found = _describe_all(admin, settings)
        findings = _inspect(admin, settings, found).findings
    refuse(findings)
    for finding in findings:
        if finding.weight is Weight.WARNING:
            log.warning("%s", finding.text)
    return Source(source.partitions, source.topic_id or source.name)


def inspect(settings: WorkerSettings) -> Inspection:
    """Look at all topics and change nothing; raises Refusal without a source, KafkaUnreachable."""
    with administration(settings.kafka_bootstrap) as admin:
        return _inspect(admin, settings, _describe_all(admin, settings))


def ensure(settings: WorkerSettings, partitions: int | None = None) -> dict[str, str]:
    """Create what is missing and let tidegauge's topics grow to the source's partitions.

    `partitions` creates the source too where it is missing. Returns what was done, by topic.
    Raises Refusal, before anything is done or after all is that can be, and KafkaUnreachable.
    """
    wanted: dict[str, dict[str, str]] = {settings.topic: {}} | _own_topics(settings)
    with administration(settings.kafka_bootstrap) as admin:
        found = describe(admin, *wanted)
        source = _source(settings, found, partitions)
        if any(topic.partitions > source.partitions for topic in found.values()):
            refuse(judge_partitions(source, found.values()))
        done, refusal = {}, None
        for name, its_settings in wanted.items():
            held = found[name].partitions if name in found else 0
            if not held:
                create(admin, name, source.partitions, settings.replication_factor, its_settings)
                done[name] = "created"
            elif held < source.partitions:
                grow(admin, name, source.partitions)
                done[name] = f"grown from {held}"
            else:
                done[name] = "was there"
            if held and name == settings.changelog_topic:
                # Before the dead letters grow: until then no worker starts on new partitions.
                refusal = _align(settings, source.partitions)
        if refusal:
            raise refusal
        return done


def _align(settings: WorkerSettings, partitions: int) -> Refusal | None:
    """Let new partitions take the lineage of the others; what stands in the way of it."""
    try:
        asyncio.run(align(settings, partitions))
    except Refusal as refusal:
        return refusal
    return None


def _source(settings: WorkerSettings, found: Mapping[str, Topic], partitions: int | None) -> Topic:
    """The source as it is, or as it is to be created; raises Refusal when neither is told."""
    source = found.get(settings.topic)
    if source is None:
        if partitions is None:
            raise _no_source(settings.kafka_bootstrap, settings.topic)
        return Topic(settings.topic, partitions)
    if partitions not in (None, source.partitions):
        raise Refusal(
            f"topic {source.name!r} has {source.partitions} partitions and is yours: tidegauge "
            "does not grow it. Grow it with Kafka's own tools, then run `tidegauge topics` again"
        )
    return source


def _own_topics(settings: WorkerSettings) -> dict[str, dict[str, str]]:
    safe = settings.replication_factor >= SAFE_REPLICAS
    replication = {"min.insync.replicas": "2"} if safe else {}
    return {
        settings.changelog_topic: CHANGELOG_SETTINGS | replication,
        settings.dead_letter_topic: DEAD_LETTER_SETTINGS | replication,
    }


def _describe_all(admin: KafkaAdminClient, settings: WorkerSettings) -> dict[str, Topic]:
    """The topics that are there, the source first; raises Refusal when the source is not."""
    found = describe(admin, settings.topic, *_own_topics(settings))
    if settings.topic not in found:
        raise _no_source(settings.kafka_bootstrap, settings.topic)
    return found


def _inspect(
    admin: KafkaAdminClient, settings: WorkerSettings, found: Mapping[str, Topic]
) -> Inspection:
    found = read_settings(admin, found)
    source = found[settings.topic]
    brokers = count_brokers(admin)
    findings = [*judge_partitions(source, found.values()), *judge_source(source, brokers)]
    if changelog := found.get(settings.changelog_topic):
        findings += judge_changelog(changelog, CHANGELOG_RECORD_BYTES, brokers)
    if dead_letters := found.get(settings.dead_letter_topic):
        findings += judge_dead_letters(dead_letters, DEAD_LETTER_RECORD_BYTES)
    findings += [
        Finding(
            Weight.NOTE,
            f"topic {name!r} is not there yet: `tidegauge topics` creates it, or the first worker",
        )
        for name in _own_topics(settings)
        if name not in found
    ]
    return Inspection(list(found.values()), findings)


def _no_source(bootstrap: str, topic: str) -> Refusal:
    return Refusal(
        f"there is no topic {topic!r} at {bootstrap}; name the topic of your events with "
        "TIDEGAUGE_KAFKA_TOPIC or `[kafka] topic`, or create it: `tidegauge topics --partitions N`"
    )
