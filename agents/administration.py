"""Kafka's administration as tidegauge uses it: describe, create and grow topics.

Blocking (kafka-python). What the brokers refuse for good is a `Refusal`, what may pass is
`KafkaUnreachable`.
"""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import (
    ClusterAuthorizationFailedError,
    InvalidConfigurationError,
    InvalidReplicationFactorError,
    KafkaError,
    KafkaTimeoutError,
    PolicyViolationError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedVersionError,
    for_code,
)

from agents.brokers import Brokers
from agents.findings import Topic
from agents.knocking import explain
from agents.settings import Refusal

REQUEST_MILLISECONDS = 10_000
GROWTH_SECONDS = 10.0
BY_OTHER_MEANS = "Allow it, or create the topic by the means you have"
PERMANENT = {
    ClusterAuthorizationFailedError: BY_OTHER_MEANS,
    InvalidConfigurationError: BY_OTHER_MEANS,
    InvalidReplicationFactorError: "Set TIDEGAUGE_KAFKA_REPLICATION_FACTOR to what it can be",
    PolicyViolationError: BY_OTHER_MEANS,
    TopicAuthorizationFailedError: BY_OTHER_MEANS,
    UnsupportedVersionError: "Do it by the means these brokers have",
}
"""What trying again does not mend, and what to do."""


RIGHTS_ADVICE = "give the rights that docs/architecture.md lists"


class NotAllowed(Exception):
    """Kafka does not allow us to do this; the message says what, as `read topic 'events'`."""


class KafkaUnreachable(ConnectionError):
    """No broker answered; the message names the address."""


@contextmanager
def administration(brokers: Brokers) -> Iterator[KafkaAdminClient]:
    """Lend an admin client; raises KafkaUnreachable and Refusal, also for what goes on inside."""
    admin = _connected(brokers)
    try:
        yield admin
    except tuple(PERMANENT) as error:
        advice = next(advice for kind, advice in PERMANENT.items() if isinstance(error, kind))
        raise Refusal(f"Kafka at {brokers} refuses: {_name(error)}. {advice}") from error
    except NotAllowed as error:
        told = f"Kafka at {brokers} does not let {brokers.visitor} {error}"
        raise Refusal(f"{told}: {RIGHTS_ADVICE}") from error
    except (KafkaError, OSError) as error:
        raise KafkaUnreachable(f"Kafka at {brokers} answers with {_name(error)}") from error
    finally:
        admin.close()


def _connected(brokers: Brokers) -> KafkaAdminClient:
    try:
        return KafkaAdminClient(
            **brokers.client(),
            client_id="tidegauge",
            request_timeout_ms=REQUEST_MILLISECONDS,
            bootstrap_timeout_ms=REQUEST_MILLISECONDS // 2,
        )
    except (KafkaError, OSError) as error:
        if reason := explain(brokers):
            raise Refusal(reason) from error
        raise KafkaUnreachable(f"Kafka does not answer at {brokers} ({_name(error)})") from error


def describe(admin: KafkaAdminClient, *names: str) -> dict[str, Topic]:
    """Those of the topics that are there, in this order, without their settings.

    Of those that we may not see nothing is known but that.
    """
    found = {}
    for described in admin.describe_topics(list(names)):
        name, error = described["name"], described["error_code"]
        if error == UnknownTopicOrPartitionError.errno:
            continue
        if error == TopicAuthorizationFailedError.errno:
            found[name] = Topic(name, 0, rights=frozenset())
            continue
        _raise(error, f"topic {name!r} cannot be described")
        partitions = described["partitions"]
        replicas = min((len(partition["replica_nodes"]) for partition in partitions), default=0)
        topic_id = str(described.get("topic_id") or "")
        rights = _rights(described.get("authorized_operations"))
        found[name] = Topic(name, len(partitions), replicas, topic_id, rights=rights)
    return {name: found[name] for name in names if name in found}


def _rights(told: Iterable[str] | None) -> frozenset[str] | None:
    """None too when what was just done is not among them, for that is no answer."""
    rights = frozenset(name.lower() for name in told or ())
    return rights if "describe" in rights else None


def read_settings(admin: KafkaAdminClient, topics: Mapping[str, Topic]) -> dict[str, Topic]:
    """Those topics with their settings; what the brokers do not tell, or not us, is missing."""
    # Asked for by name, some brokers close the connection; asked for all, they tell what they have.
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in topics]
    told = admin.describe_configs(asked, config_filter="all").get("topic", {})
    return {
        name: replace(topic, settings=_values(told.get(name, {}))) for name, topic in topics.items()
    }


def _values(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: entry["value"] for name, entry in told.items() if entry["value"] is not None}


def count_brokers(admin: KafkaAdminClient) -> int:
    """The brokers of the cluster, those that are down too where that is known."""
    return len(admin.describe_cluster()["brokers"])


def create(
    admin: KafkaAdminClient, topic: str, partitions: int, replicas: int, configs: dict[str, str]
) -> bool:
    """Create a topic and wait until it can be used; False when it was there."""
    wanted = {"num_partitions": partitions, "replication_factor": replicas, "configs": configs}
    answer = admin.create_topics({topic: wanted}, raise_errors=False)["topics"][0]
    if answer["error_code"] == TopicAlreadyExistsError.errno:
        return False
    _raise(answer["error_code"], f"topic {topic!r}: {answer['error_message']}")
    admin.wait_for_topics([topic])
    return True


def grow(admin: KafkaAdminClient, topic: str, partitions: int) -> None:
    """Let a topic have so many partitions and wait until it has."""
    answer = admin.create_partitions({topic: partitions}, raise_errors=False).results[0]
    _raise(answer.error_code, f"topic {topic!r}: {answer.error_message}")
    deadline = time.monotonic() + GROWTH_SECONDS
    while describe(admin, topic)[topic].partitions < partitions:
        if time.monotonic() > deadline:
            raise KafkaTimeoutError(f"topic {topic!r} has not grown in {GROWTH_SECONDS:.0f} s")
        time.sleep(0.1)
    admin.wait_for_topics([topic])


def _raise(code: int, text: str) -> None:
    if code:
        raise for_code(code)(text)


def _name(error: BaseException) -> str:
    number = getattr(error, "errno", None)
    text = str(error).removeprefix(f"[Error {number}] ").rstrip(".")
    return text or type(error).__name__
