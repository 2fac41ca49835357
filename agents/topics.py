"""The topics a worker needs: what is there, what is missing, and creating tidegauge's own.

Blocking (kafka-python); called before the worker consumes, in a thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    KafkaError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)

from agents.settings import Refusal, WorkerSettings

REQUEST_MILLISECONDS = 10_000
DEAD_LETTER_RETENTION_MILLISECONDS = 7 * 24 * 3_600_000
CHANGELOG_RECORD_BYTES = 8 << 20
"""A unit with every sketch full stays below a megabyte with the shipped catalogue."""
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


PERMANENT = (
    ClusterAuthorizationFailedError,
    InvalidReplicationFactorError,
    PolicyViolationError,
    TopicAuthorizationFailedError,
)
"""What trying again does not mend."""


class KafkaUnreachable(ConnectionError):
    """No broker answered; the message names the address."""


@dataclass(frozen=True)
class Source:
    """The topic of product events as the broker describes it."""

    partitions: int
    topic_id: str
    """The broker's id of the topic, or its name where the broker gives none."""


@contextmanager
def administration(bootstrap: str) -> Iterator[KafkaAdminClient]:
    """Lend an admin client; raises KafkaUnreachable, also for what the broker refuses meanwhile."""
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            client_id="tidegauge",
            request_timeout_ms=REQUEST_MILLISECONDS,
            bootstrap_timeout_ms=REQUEST_MILLISECONDS // 2,
        )
    except (KafkaError, OSError) as error:
        raise KafkaUnreachable(f"Kafka does not answer at {bootstrap} ({_name(error)})") from error
    try:
        yield admin
    except PERMANENT as error:
        raise Refusal(f"Kafka at {bootstrap} refuses: {_name(error)}") from error
    except (KafkaError, OSError) as error:
        raise KafkaUnreachable(f"Kafka at {bootstrap} answers with {_name(error)}") from error
    finally:
        admin.close()


def count_partitions(bootstrap: str, topic: str) -> int:
    """Partitions of a topic; raises Refusal where there is none, and KafkaUnreachable."""
    with administration(bootstrap) as admin:
        found = describe(admin, topic)
    if topic not in found:
        raise Refusal(
            f"there is no topic {topic!r} at {bootstrap}; create it with "
            "`tidegauge topics --partitions N`"
        )
    return len(found[topic]["partitions"])


def prepare(settings: WorkerSettings) -> Source:
    """Check the source topic and create tidegauge's own topics where they are missing.

    Raises Refusal when the worker must not start, KafkaUnreachable when it may try again.
    """
    own = _own_topics(settings)
    with administration(settings.kafka_bootstrap) as admin:
        found = describe(admin, settings.topic, *own)
        source = found.get(settings.topic)
        if source is None:
            raise Refusal(
                f"there is no topic {settings.topic!r} at {settings.kafka_bootstrap}; name the "
                "topic of your events with TIDEGAUGE_KAFKA_TOPIC or `[kafka] topic`, or create it: "
                "`tidegauge topics --partitions N`"
            )
        count = len(source["partitions"])
        _check_partitions(settings, found, count)
        for topic, configs in own.items():
            if topic not in found:
                create(admin, topic, count, settings.replication_factor, configs)
        return Source(count, str(source.get("topic_id") or settings.topic))


def ensure(settings: WorkerSettings, partitions: int | None = None) -> list[tuple[str, int, str]]:
    """Create what is missing and let tidegauge's topics grow to the source's partitions.

    `partitions` creates the source too where it is missing. Returns topics, their partitions and
    what was done. Raises Refusal and KafkaUnreachable.
    """
    wanted: dict[str, dict[str, str]] = {settings.topic: {}} | _own_topics(settings)
    with administration(settings.kafka_bootstrap) as admin:
        found = describe(admin, *wanted)
        count = len(found[settings.topic]["partitions"]) if settings.topic in found else partitions
        if count is None:
            raise Refusal(
                f"there is no topic {settings.topic!r} at {settings.kafka_bootstrap}; with "
                "--partitions N it is created"
            )
        return [
            (topic, count, _ensure(admin, topic, count, settings, found, configs))
            for topic, configs in wanted.items()
        ]


def _ensure(
    admin: KafkaAdminClient,
    topic: str,
    count: int,
    settings: WorkerSettings,
    found: dict[str, Any],
    configs: dict[str, str],
) -> str:
    if topic not in found:
        create(admin, topic, count, settings.replication_factor, configs)
        return "created"
    held = len(found[topic]["partitions"])
    if held < count:
        admin.create_partitions({topic: count})
        return f"grown from {held}"
    return "was there" if held == count else f"has more partitions ({held}) than the source"


def _own_topics(settings: WorkerSettings) -> dict[str, dict[str, str]]:
    return {
        settings.changelog_topic: CHANGELOG_SETTINGS,
        settings.dead_letter_topic: DEAD_LETTER_SETTINGS,
    }


def _check_partitions(settings: WorkerSettings, found: dict[str, Any], count: int) -> None:
    for topic in _own_topics(settings):
        if topic not in found:
            continue
        own = len(found[topic]["partitions"])
        if own > count:
            raise Refusal(
                f"topic {settings.topic!r} has {count} partitions, but there is state of "
                f"{own}: it was made anew or another one is meant. Point tidegauge at the right "
                "topic, or begin anew under another name with TIDEGAUGE_KAFKA_APPLICATION"
            )
        if own < count:
            raise Refusal(
                f"topic {settings.topic!r} has grown to {count} partitions, {topic!r} has {own}; "
                "run `tidegauge topics` to let it grow, then start the workers again"
            )


def create(
    admin: KafkaAdminClient, topic: str, partitions: int, replicas: int, configs: dict[str, str]
) -> bool:
    """Create a topic; False when it was there."""
    try:
        admin.create_topics(
            {
                topic: {
                    "num_partitions": partitions,
                    "replication_factor": replicas,
                    "configs": configs,
                }
            },
            wait_for_metadata=True,
        )
    except TopicAlreadyExistsError:
        return False
    return True


def describe(admin: KafkaAdminClient, *topics: str) -> dict[str, Any]:
    """What the broker says of those of the topics that exist, by name."""
    found = {}
    for topic in admin.describe_topics(list(topics)):
        error = topic["error_code"]
        if error not in (0, UnknownTopicOrPartitionError.errno):
            raise for_code(error)(f"for topic {topic['name']!r}")
        if not error:
            found[topic["name"]] = topic
    return found


def _name(error: BaseException) -> str:
    return str(error) or type(error).__name__
