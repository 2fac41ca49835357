"""What the brokers' settings of the topics mean for the numbers; pure.

A refusal would lose what is counted, a warning may under the circumstances it names, a note is
what an operator should know. A setting that the broker does not tell is judged by nothing.
"""

from collections.abc import Collection, Iterator, Sequence

from agents.findings import UNLIMITED, Finding, Topic, Weight, counted, duration
from agents.settings import OTHER_SHARDS
from streams.panes import DAY, KEPT, Grain

LONGEST_KEPT = KEPT[Grain.DAY]
SHORTEST_RETENTION = DAY
SAFE_REPLICAS = 3
SOURCE_ASKED = (
    "cleanup.policy",
    "retention.ms",
    "message.timestamp.type",
    "min.insync.replicas",
    "unclean.leader.election.enable",
)
CHANGELOG_ASKED = (
    "cleanup.policy",
    "max.message.bytes",
    "min.insync.replicas",
    "unclean.leader.election.enable",
)
DEAD_LETTERS_ASKED = ("cleanup.policy", "retention.ms", "max.message.bytes")


def judge_partitions(source: Topic, own: Collection[Topic]) -> Iterator[Finding]:
    """Compare tidegauge's topics with the source: partition by partition they belong together."""
    larger = [topic.partitions for topic in own if topic.partitions > source.partitions]
    smaller = [topic for topic in own if topic.partitions < source.partitions]
    name, held = repr(source.name), counted(source.partitions, "partition")
    if larger:
        yield Finding(
            Weight.REFUSAL,
            f"topic {name} has {held}, but there is state of {max(larger)}: it was made anew or "
            "another one is meant. Point tidegauge at the right topic, or begin anew under another "
            "name with TIDEGAUGE_KAFKA_APPLICATION",
        )
    elif smaller:
        others = " and ".join(f"{topic.name!r} has {topic.partitions}" for topic in smaller)
        yield Finding(
            Weight.REFUSAL,
            f"topic {name} has grown to {held}, {others}; run `tidegauge topics` to let them grow "
            "too, then start the workers again",
        )


def judge_shards(topics: Sequence[Topic]) -> Iterator[Finding]:
    """Compare the topics that have a partition for each shard of persons."""
    if len({topic.partitions for topic in topics}) > 1:
        told = " and ".join(f"{topic.name!r} has {topic.partitions}" for topic in topics)
        reason = "the shards of persons are as many as when they were first made"
        found = f"but {told} partitions: one of the two was made anew or has grown"
        yield Finding(Weight.REFUSAL, f"{reason}, {found}. {OTHER_SHARDS}")


def judge_source(topic: Topic, brokers: int) -> Iterator[Finding]:
    """Judge the topic of product events: what happens to events that are not read yet.

    `brokers` is the size of the cluster.
    """
    name, policies = topic.name, topic.policies
    if policies is not None and "compact" in policies:
        yield Finding(
            Weight.WARNING,
            f"topic {name!r} is compacted (cleanup.policy={topic.settings['cleanup.policy']}): "
            "events vanish from it, so the counts depend on when it is read. Set "
            "cleanup.policy=delete on it",
        )
    if policies != {"compact"}:
        yield from _retention(topic)
    yield from _replicas(topic, brokers, "events")
    yield from _unclean(topic, "events that are counted already may be taken back")
    if topic.settings.get("message.timestamp.type") == "CreateTime":
        yield Finding(
            Weight.NOTE,
            f"topic {name!r} holds the producers' timestamps (message.timestamp.type=CreateTime): "
            "whether an event lies in the future is judged by their clocks; with LogAppendTime "
            "it would be by the broker's",
        )
    yield from _untold(topic, SOURCE_ASKED)


def judge_changelog(topic: Topic, record_bytes: int, brokers: int) -> Iterator[Finding]:
    """Judge the topic of the state: whether what is written stays until it is replaced.

    `record_bytes` is the largest record that is written, `brokers` the size of the cluster.
    """
    yield from _deletion(topic)
    yield from _record_size(topic, record_bytes, "a unit")
    yield from _replicas(topic, brokers, "checkpoints")
    yield from _unclean(topic, "checkpoints may be taken back")
    yield from _untold(topic, CHANGELOG_ASKED)


def judge_facts(topic: Topic, record_bytes: int, brokers: int) -> Iterator[Finding]:
    """Judge the topic by which persons are told of: it is the log of what is known of them."""
    policies, kept = topic.policies, topic.number("retention.ms")
    if policies is not None and "compact" in policies:
        yield Finding(
            Weight.REFUSAL,
            f"topic {topic.name!r} holds facts without keys, which a compacted topic does not take "
            f"(cleanup.policy={topic.settings['cleanup.policy']}). Set cleanup.policy=delete on it",
        )
    limits = {}
    if kept is not None and UNLIMITED < kept < SHORTEST_RETENTION:
        limits[f"for {duration(kept)}"] = f"retention.ms={SHORTEST_RETENTION}, or more,"
    if (size := topic.number("retention.bytes")) not in (None, UNLIMITED):
        limits[f"up to {size:,} bytes for each shard"] = "retention.bytes=-1"
    for limit, needed in limits.items():
        lost = "what goes before a worker has read it is declared lost"
        text = f"topic {topic.name!r} keeps facts {limit}: {lost}. Set {needed} on it"
        yield Finding(Weight.WARNING, text)
    yield from _record_size(topic, record_bytes, "a message to a shard")
    yield from _replicas(topic, brokers, "facts")
    yield from _unclean(topic, "facts may be taken back")
    yield from _untold(topic, CHANGELOG_ASKED)


def judge_dead_letters(topic: Topic, record_bytes: int) -> Iterator[Finding]:
    """Judge the topic of records that could not be read: whether it takes them."""
    yield from _record_size(topic, record_bytes, "a dead letter")
    yield from _untold(topic, DEAD_LETTERS_ASKED)


def _retention(topic: Topic) -> Iterator[Finding]:
    kept, size = topic.number("retention.ms"), topic.number("retention.bytes")
    if kept is None:
        return
    limits = [] if kept == UNLIMITED else [f"for {duration(kept)}"]
    if size not in (None, UNLIMITED):
        limits.append(f"up to {size:,} bytes of each partition")
    if not limits:
        yield Finding(Weight.NOTE, f"topic {topic.name!r} keeps events for ever")
        return
    short = UNLIMITED < kept < SHORTEST_RETENTION
    yield Finding(
        Weight.WARNING if short else Weight.NOTE,
        f"topic {topic.name!r} keeps events {' and '.join(limits)}: what goes before a worker has "
        "read it is never counted, and damaged state is rebuilt from what is left"
        + (f". Set retention.ms={SHORTEST_RETENTION} on it, or more" if short else ""),
    )


def _deletion(topic: Topic) -> Iterator[Finding]:
    policies = topic.policies
    if policies is None:
        return
    if "compact" not in policies:
        yield Finding(
            Weight.REFUSAL,
            f"topic {topic.name!r} holds the state, and with cleanup.policy="
            f"{topic.settings['cleanup.policy']} what is counted would be deleted in time. Set "
            "cleanup.policy=compact on it (kafka-configs.sh --alter)",
        )
    elif "delete" in policies:
        yield from _deletion_beside_compaction(topic)


def _deletion_beside_compaction(topic: Topic) -> Iterator[Finding]:
    kept, size = topic.number("retention.ms"), topic.number("retention.bytes")
    reasons = []
    if kept is not None and UNLIMITED < kept < LONGEST_KEPT:
        reasons.append(f"after {duration(kept)} (retention.ms={kept})")
    if size not in (None, UNLIMITED):
        reasons.append(f"beyond {size:,} bytes (retention.bytes={size})")
    if reasons:
        yield Finding(
            Weight.REFUSAL,
            f"topic {topic.name!r} holds the state and deletes {' and '.join(reasons)}, but a day "
            f"is written for the last time when it is over and counts for {duration(LONGEST_KEPT)}."
            " Set cleanup.policy=compact on it (kafka-configs.sh --alter)",
        )


def _record_size(topic: Topic, record_bytes: int, record: str) -> Iterator[Finding]:
    taken = topic.number("max.message.bytes")
    if taken is not None and taken < record_bytes:
        yield Finding(
            Weight.WARNING,
            f"topic {topic.name!r} takes no record above {taken:,} bytes: a worker ends when "
            f"{record} is larger. Set max.message.bytes={record_bytes} on it",
        )


def _replicas(topic: Topic, brokers: int, what: str) -> Iterator[Finding]:
    """Whether `what` the topic holds survives the loss of one broker, where there are three."""
    held, needed = topic.replicas, topic.number("min.insync.replicas")
    replicas = counted(held, "replica")
    if held < SAFE_REPLICAS <= brokers:
        lost_with = "one of them" if held == 1 else f"{held} of them"
        yield Finding(
            Weight.WARNING,
            f"topic {topic.name!r} holds {what} in {replicas}, on a cluster of {brokers} brokers: "
            f"they are lost with {lost_with}. Give it {SAFE_REPLICAS} replicas "
            "(kafka-reassign-partitions.sh); TIDEGAUGE_KAFKA_REPLICATION_FACTOR is for topics "
            "that are still to be created",
        )
    if needed is not None and needed > held:
        yield Finding(
            Weight.WARNING,
            f"topic {topic.name!r} has min.insync.replicas={needed} with {replicas}: "
            "brokers before Kafka 3.7 take nothing then with acks=all, and what writes ends. Give "
            f"it more replicas, or set min.insync.replicas={held} on it",
        )
    if needed == 1 and held >= SAFE_REPLICAS:
        yield Finding(
            Weight.WARNING,
            f"topic {topic.name!r} has min.insync.replicas=1 with {replicas}: {what} that only one "
            "broker holds count as written, and are lost with it. Set min.insync.replicas=2 on it",
        )


def _unclean(topic: Topic, consequence: str) -> Iterator[Finding]:
    if topic.settings.get("unclean.leader.election.enable") == "true":
        yield Finding(
            Weight.WARNING,
            f"topic {topic.name!r} allows a replica that lags to lead "
            f"(unclean.leader.election.enable=true): {consequence}. Set it to false",
        )


def _untold(topic: Topic, asked: tuple[str, ...]) -> Iterator[Finding]:
    missing = [name for name in asked if name not in topic.settings]
    if missing:
        yield Finding(
            Weight.NOTE,
            f"the broker does not tell {', '.join(missing)} of topic {topic.name!r}: not checked",
        )
