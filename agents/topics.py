"""The topics a worker needs: what is there, whether it will do, and creating tidegauge's own.

Blocking; called before the worker consumes, in a thread.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from kafka import KafkaAdminClient

from agents.administration import (
    KafkaUnreachable,
    administration,
    count_brokers,
    create,
    grow,
    read_settings,
)
from agents.boot_checks import (
    SAFE_REPLICAS,
    judge_changelog,
    judge_dead_letters,
    judge_facts,
    judge_partitions,
    judge_shards,
    judge_source,
)
from agents.brokers import Brokers
from agents.dead_letters import LETTER_BYTES
from agents.findings import Finding, Topic, Weight, refuse
from agents.lineages import align
from agents.personal_data import judge_personal_data
from agents.rights import DESCRIBE, WRITE, Needs, look, of_worker, to
from agents.settings import CHANGELOG_RECORD_BYTES, Refusal, WorkerSettings

__all__ = [
    "Inspection",
    "KafkaUnreachable",
    "Prepared",
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
FACTS_RETENTION_MILLISECONDS = 7 * 24 * 3_600_000
DEAD_LETTER_RECORD_BYTES = LETTER_BYTES + 20_000  # its headers, and what a batch adds
CHANGELOG_SETTINGS = {
    "cleanup.policy": "compact",
    "max.message.bytes": str(CHANGELOG_RECORD_BYTES),
    "min.compaction.lag.ms": "600000",
    "segment.ms": "3600000",
    "segment.bytes": str(64 << 20),  # the active segment is not compacted, and read on each start
}
DAILY = {"segment.ms": str(24 * 3_600_000)}
"""What is kept of persons goes a segment at a time: with Kafka's own, up to a week later."""
FACTS_SETTINGS = DAILY | {
    "cleanup.policy": "delete",
    "retention.ms": str(FACTS_RETENTION_MILLISECONDS),
    "retention.bytes": "-1",
    "max.message.bytes": str(CHANGELOG_RECORD_BYTES),
}
DEAD_LETTER_SETTINGS = DAILY | {
    "cleanup.policy": "delete",
    "retention.ms": str(DEAD_LETTER_RETENTION_MILLISECONDS),
}


@dataclass(frozen=True)
class Source:
    """The topic of product events as the broker describes it."""

    partitions: int
    topic_id: str
    """The broker's id of the topic, or its name where the broker gives none."""


class Prepared(NamedTuple):
    """What a worker finds: the source, and the facts by which its partitions tell the shards."""

    source: Source
    facts: Source


@dataclass(frozen=True)
class Inspection:
    """The topics that are there, the source first, and what there is to say about all of them."""

    topics: list[Topic]
    findings: list[Finding]


def count_partitions(brokers: Brokers, topic: str) -> int:
    """Partitions of a topic to write to; raises KafkaUnreachable, Refusal where that cannot be."""
    with administration(brokers) as admin:
        found = look(admin, to(WRITE, topic))
    if topic not in found:
        raise _no_source(brokers, topic)
    return found[topic].partitions


def prepare(
    settings: WorkerSettings, needs: Callable[[WorkerSettings], Needs] = of_worker
) -> Prepared:
    """Create tidegauge's own topics where they are missing, check all, log the warnings.

    `needs` says which rights are wanted. Raises Refusal when the worker must not start,
    KafkaUnreachable when it may try again.
    """
    with administration(settings.kafka) as admin:
        found = _look(admin, settings, needs(settings))
        refuse(_judge_partitions(settings, found))
        missing = {name: s for name, s in _own_topics(settings).items() if name not in found}
        for name, wanted in missing.items():
            partitions = _partitions(settings, found, name)
            create(admin, name, partitions, settings.replication_factor, wanted)
        if missing:
            found = _look(admin, settings, needs(settings))
        findings = _inspect(admin, settings, found).findings
    refuse(findings)
    for finding in findings:
        if finding.weight is Weight.WARNING:
            log.warning("%s", finding.text)
    return Prepared(_seen(found[settings.topic]), _seen(found[settings.facts_topic]))


def inspect(settings: WorkerSettings) -> Inspection:
    """Look at all topics and change nothing; raises Refusal without a source, KafkaUnreachable."""
    with administration(settings.kafka) as admin:
        seen = to(DESCRIBE, settings.topic, *_own_topics(settings))
        return _inspect(admin, settings, _look(admin, settings, seen))


def ensure(settings: WorkerSettings, partitions: int | None = None) -> dict[str, str]:
    """Create what is missing and let tidegauge's topics grow to the source's partitions.

    `partitions` creates the source too where it is missing. Returns what was done, by topic.
    Raises Refusal, before anything is done or after all is that can be, and KafkaUnreachable.
    """
    wanted: dict[str, dict[str, str]] = {settings.topic: {}} | _own_topics(settings)
    with administration(settings.kafka) as admin:
        found = was_there = look(admin, to(DESCRIBE, *wanted))
        source = _source(settings, found, partitions)
        grows = {
            name: topic for name, topic in found.items() if name not in _shard_topics(settings)
        }
        if any(topic.partitions > source.partitions for topic in grows.values()):
            refuse(judge_partitions(source, grows.values()))
        refuse(_judge_shards(settings, found))
        found = {settings.topic: source} | found
        done, refusal = {}, None
        for name, its_settings in wanted.items():
            held = was_there[name].partitions if name in was_there else 0
            partitions = _partitions(settings, found, name)
            if not held:
                create(admin, name, partitions, settings.replication_factor, its_settings)
                done[name] = "created"
            elif held < partitions:
                grow(admin, name, partitions)
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
            raise _no_source(settings.kafka, settings.topic)
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
    persons = settings.of_persons()
    return {
        settings.changelog_topic: CHANGELOG_SETTINGS | replication,
        settings.facts_topic: FACTS_SETTINGS | replication,
        persons.changelog_topic: CHANGELOG_SETTINGS | replication,
        settings.dead_letter_topic: DEAD_LETTER_SETTINGS | replication,
    }


def _shard_topics(settings: WorkerSettings) -> tuple[str, str]:
    """Those that have a partition for each shard of persons, the one that decides first."""
    return settings.facts_topic, settings.of_persons().changelog_topic


def _partitions(settings: WorkerSettings, found: Mapping[str, Topic], name: str) -> int:
    """How many partitions a topic is to have: shards never become more, others as the source."""
    shards = (found[topic] for topic in _shard_topics(settings) if topic in found)
    source = found[settings.topic]
    decides = next(shards, source) if name in _shard_topics(settings) else source
    return decides.partitions


def _judge_partitions(settings: WorkerSettings, found: Mapping[str, Topic]) -> Iterator[Finding]:
    """Compare the topics that go with the source, and those that go with the shards."""
    source, of_shards = found[settings.topic], _shard_topics(settings)
    yield from judge_partitions(source, [t for n, t in found.items() if n not in of_shards])
    yield from _judge_shards(settings, found)


def _judge_shards(settings: WorkerSettings, found: Mapping[str, Topic]) -> Iterator[Finding]:
    """Those of the shards never grow: a person would be looked for in another one."""
    return judge_shards([found[name] for name in _shard_topics(settings) if name in found])


def _seen(topic: Topic) -> Source:
    return Source(topic.partitions, topic.topic_id or topic.name)


def _look(admin: KafkaAdminClient, settings: WorkerSettings, needs: Needs) -> dict[str, Topic]:
    """The topics that are there, the source first; raises Refusal when it is not, NotAllowed."""
    found = look(admin, needs)
    if settings.topic not in found:
        raise _no_source(settings.kafka, settings.topic)
    return found


def _inspect(
    admin: KafkaAdminClient, settings: WorkerSettings, found: Mapping[str, Topic]
) -> Inspection:
    found = read_settings(admin, found)
    source = found[settings.topic]
    brokers = count_brokers(admin)
    findings = [*_judge_partitions(settings, found), *judge_source(source, brokers)]
    for name in (settings.changelog_topic, settings.of_persons().changelog_topic):
        if changelog := found.get(name):
            findings += judge_changelog(changelog, CHANGELOG_RECORD_BYTES, brokers)
    if facts := found.get(settings.facts_topic):
        findings += judge_facts(facts, CHANGELOG_RECORD_BYTES, brokers)
    if dead_letters := found.get(settings.dead_letter_topic):
        findings += judge_dead_letters(dead_letters, DEAD_LETTER_RECORD_BYTES)
        findings += judge_personal_data(dead_letters, DEAD_LETTER_RETENTION_MILLISECONDS)
    findings += [
        Finding(
            Weight.NOTE,
            f"topic {name!r} is not there yet: `tidegauge topics` creates it, or the first worker",
        )
        for name in _own_topics(settings)
        if name not in found
    ]
    return Inspection(list(found.values()), findings)


def _no_source(brokers: Brokers, topic: str) -> Refusal:
    return Refusal(
        f"there is no topic {topic!r} at {brokers}; name the topic of your events with "
        "TIDEGAUGE_KAFKA_TOPIC or `[kafka] topic`, or create it: `tidegauge topics --partitions N`"
    )
