"""What is said of right and of wrong settings of the topics, mostly as a real Kafka tells them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace

import pytest
from kafka import KafkaAdminClient

from agents import topics
from agents.administration import administration
from agents.boot_checks import (
    judge_changelog,
    judge_facts,
    judge_partitions,
    judge_shards,
    judge_source,
)
from agents.brokers import Brokers
from agents.findings import Finding, Topic, Weight, duration, refuse
from agents.personal_data import judge_personal_data
from agents.settings import Refusal, WorkerSettings
from tests.kafka_server import RealKafka
from tidegauge.assembly import worker_settings
from tidegauge.embedded import EmbeddedBroker
from tidegauge.settings import Settings

Configs = dict[str, str]
HOUR, DAY = 3_600_000, 86_400_000
NUMBERS = itertools.count(1)
RIGHT_CHANGELOG = {"cleanup.policy": "compact", "max.message.bytes": str(8 << 20)}
RIGHT_FACTS = {"cleanup.policy": "delete", "max.message.bytes": str(8 << 20)}
BOTH = "compact,delete"


@dataclass
class Deployment:
    """Topics of their own on a broker, with the settings a test gives them."""

    bootstrap: str
    name: str = field(default_factory=lambda: f"checked-{next(NUMBERS)}")

    @property
    def settings(self) -> WorkerSettings:
        return replace(
            worker_settings(Settings()),
            kafka=Brokers(self.bootstrap),
            topic=f"{self.name}-in",
            application=self.name,
        )

    @property
    def own_topics(self) -> list[str]:
        """Those that tidegauge makes."""
        kinds = ("units-changelog", "facts", "persons-changelog", "dead-letters")
        return [f"{self.name}-{kind}" for kind in kinds]

    def create(self, topic: str, configs: Configs, partitions: int = 1) -> None:
        """Create one topic."""
        wanted = {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics({topic: wanted}, wait_for_metadata=True)
        admin.close()

    def findings(
        self,
        source: Configs | None = None,
        changelog: Configs = RIGHT_CHANGELOG,
        facts: Configs = RIGHT_FACTS,
    ) -> list[Finding]:
        """What there is to say when the topics have these settings."""
        settings = self.settings
        self.create(settings.topic, source or {})
        self.create(settings.changelog_topic, changelog)
        self.create(settings.facts_topic, facts)
        self.create(settings.of_persons().changelog_topic, RIGHT_CHANGELOG)
        self.create(settings.dead_letter_topic, {})
        return topics.inspect(settings).findings


@pytest.fixture
def deployment(real_kafka: RealKafka) -> Deployment:
    return Deployment(real_kafka.bootstrap)


def serious(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.weight is not Weight.NOTE]


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What tidegauge logged; kafka-python also logs when the machine is slow."""
    return [one.getMessage() for one in caplog.records if one.name.startswith("tidegauge")]


@pytest.mark.kafka
@pytest.mark.parametrize(
    "changelog",
    [
        RIGHT_CHANGELOG,
        RIGHT_CHANGELOG | {"retention.ms": "1", "retention.bytes": "1"},  # nothing is deleted
        RIGHT_CHANGELOG | {"cleanup.policy": BOTH, "retention.ms": "-1"},
        RIGHT_CHANGELOG | {"cleanup.policy": "delete,compact", "retention.ms": str(400 * DAY)},
    ],
)
def test_a_changelog_that_keeps_the_state_is_nothing_to_speak_of(
    deployment: Deployment, changelog: Configs
) -> None:
    assert not serious(deployment.findings(changelog=changelog))


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("changelog", "reason"),
    [
        ({"cleanup.policy": "delete"}, "cleanup.policy=delete what is counted would be deleted"),
        ({"cleanup.policy": BOTH}, "deletes after 7 days (retention.ms=604800000)"),
        (
            {"cleanup.policy": BOTH, "retention.ms": str(399 * DAY)},
            f"deletes after 399 days (retention.ms={399 * DAY}), but a day",
        ),
        (
            {"cleanup.policy": BOTH, "retention.ms": "-1", "retention.bytes": "1000000"},
            "deletes beyond 1,000,000 bytes (retention.bytes=1000000)",
        ),
    ],
)
def test_a_changelog_that_forgets_is_refused_with_what_to_set(
    deployment: Deployment, changelog: Configs, reason: str
) -> None:
    (found,) = serious(deployment.findings(changelog=RIGHT_CHANGELOG | changelog))
    assert found.weight is Weight.REFUSAL
    assert f"topic '{deployment.name}-units-changelog' holds the state" in found.text
    assert reason in found.text
    assert "Set cleanup.policy=compact on it" in found.text
    with pytest.raises(Refusal, match=r"cleanup\.policy=compact"):
        topics.prepare(deployment.settings)


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("changelog", "reason"),
    [
        ({"max.message.bytes": "1000000"}, "takes no record above 1,000,000 bytes"),
        ({"unclean.leader.election.enable": "true"}, "checkpoints may be taken back"),
        ({"min.insync.replicas": "2"}, "min.insync.replicas=2 with 1 replica: "),
    ],
)
def test_a_changelog_that_may_fail_is_warned_of_and_taken(
    deployment: Deployment,
    changelog: Configs,
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (found,) = serious(deployment.findings(changelog=RIGHT_CHANGELOG | changelog))
    assert found.weight is Weight.WARNING
    assert reason in found.text
    assert topics.prepare(deployment.settings).source.partitions == 1
    assert told(caplog) == [found.text]


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ({"cleanup.policy": "compact"}, "is compacted (cleanup.policy=compact)"),
        ({"cleanup.policy": "compact", "retention.ms": "1"}, "is compacted "),  # by nothing else
        ({"cleanup.policy": BOTH}, f"is compacted (cleanup.policy={BOTH})"),
        ({"retention.ms": str(23 * HOUR)}, "keeps events for 23 hours: "),
        ({"retention.ms": str(HOUR * 3 // 2)}, "keeps events for 1.5 hours: "),
        ({"unclean.leader.election.enable": "true"}, "events that are counted already"),
    ],
)
def test_a_source_that_loses_events_is_warned_of(
    deployment: Deployment, source: Configs, reason: str
) -> None:
    (found,) = serious(deployment.findings(source=source))
    assert found.weight is Weight.WARNING
    assert f"topic '{deployment.name}-in'" in found.text
    assert reason in found.text
    assert ". Set " in found.text


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("source", "notes"),
    [
        ({}, ["keeps events for 7 days: ", "message.timestamp.type=CreateTime"]),
        ({"retention.ms": str(DAY)}, ["keeps events for 1 day: ", "CreateTime"]),
        ({"retention.bytes": "5000"}, ["for 7 days and up to 5,000 bytes of each", "CreateTime"]),
        (
            {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"},
            ["keeps events for ever"],
        ),
    ],
)
def test_what_a_source_keeps_and_whose_clock_it_has_is_noted(
    deployment: Deployment, source: Configs, notes: list[str]
) -> None:
    findings = deployment.findings(source=source)
    assert [finding.weight for finding in findings] == [Weight.NOTE] * len(notes)
    for finding, note in zip(findings, notes, strict=True):
        assert note in finding.text


@pytest.mark.kafka
def test_topics_that_tidegauge_creates_are_nothing_to_speak_of(deployment: Deployment) -> None:
    deployment.create(deployment.settings.topic, {}, partitions=3)
    assert topics.prepare(deployment.settings).source.partitions == 3
    inspection = topics.inspect(deployment.settings)
    assert not serious(inspection.findings)
    assert [(topic.partitions, topic.replicas) for topic in inspection.topics] == [(3, 1)] * 5


def test_a_broker_that_tells_no_settings_stops_no_worker_and_is_named(
    embedded_broker: EmbeddedBroker, caplog: pytest.LogCaptureFixture
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {})
    assert topics.prepare(deployment.settings).source.partitions == 1
    assert not told(caplog)
    findings = topics.inspect(deployment.settings).findings
    assert {finding.weight for finding in findings} == {Weight.NOTE}
    assert any("does not tell cleanup.policy" in finding.text for finding in findings)
    assert any("does not tell min.insync.replicas" in finding.text for finding in findings)


def test_topics_that_are_not_there_yet_are_noted_and_not_created(
    embedded_broker: EmbeddedBroker,
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {})
    for _ in range(2):
        inspection = topics.inspect(deployment.settings)
        assert [topic.name for topic in inspection.topics] == [deployment.settings.topic]
        missing = [f.text for f in inspection.findings if "is not there yet" in f.text]
        assert [text.split("'")[1] for text in missing] == deployment.own_topics


def test_no_topic_is_created_for_a_source_of_another_size_than_the_state(
    embedded_broker: EmbeddedBroker,
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {}, partitions=2)
    deployment.create(deployment.settings.changelog_topic, {}, partitions=3)
    with pytest.raises(Refusal, match="there is state of 3"):
        topics.prepare(deployment.settings)
    assert len(topics.inspect(deployment.settings).topics) == 2


def changelog(**more: str) -> Topic:
    names = {name.replace("_", "."): value for name, value in more.items()}
    return Topic("state", 4, replicas=3, settings=RIGHT_CHANGELOG | names)


@pytest.mark.parametrize(
    ("replicas", "least", "brokers", "said"),
    [
        (1, "1", 1, None),
        (1, "1", 2, None),
        (1, "1", 3, "in 1 replica, on a cluster of 3 brokers: they are lost with one of them"),
        (2, "1", 2, None),
        (2, "1", 3, "in 2 replicas, on a cluster of 3 brokers: they are lost with 2 of them"),
        (3, "1", 3, "min.insync.replicas=1 with 3 replicas"),
        (3, "2", 3, None),
        (3, "4", 5, "min.insync.replicas=4 with 3 replicas"),
    ],
)
def test_topics_must_survive_one_broker_where_there_are_three(
    replicas: int, least: str, brokers: int, said: str | None
) -> None:
    topic = replace(changelog(min_insync_replicas=least), replicas=replicas)
    source = replace(topic, settings={**topic.settings, "cleanup.policy": "delete"})
    for judged in (judge_changelog(topic, 1, brokers), judge_source(source, brokers)):
        found = serious(list(judged))
        assert [finding.weight for finding in found] == [Weight.WARNING] * (said is not None)
        assert said is None or said in found[0].text


def test_what_a_broker_does_not_tell_is_judged_by_nothing() -> None:
    for judged in (judge_source(Topic("in", 1), 1), judge_changelog(Topic("state", 1), 1, 1)):
        (found,) = judged
        assert found.weight is Weight.NOTE
        assert "does not tell cleanup.policy, " in found.text


def test_topics_of_equal_size_belong_together_and_no_others() -> None:
    source, smaller, larger = (Topic(f"of {count}", count) for count in (4, 3, 5))
    assert not list(judge_partitions(source, [source, source]))
    (grown,) = judge_partitions(source, [source, smaller, smaller])
    assert "has grown to 4 partitions, 'of 3' has 3 and 'of 3' has 3; run" in grown.text
    assert "`tidegauge topics`" in grown.text
    for own in ([larger], [smaller, larger]):
        (shrunk,) = judge_partitions(source, own)
        assert "has 4 partitions, but there is state of 5" in shrunk.text
        assert grown.weight is shrunk.weight is Weight.REFUSAL


def test_the_facts_and_the_state_of_persons_have_a_partition_for_each_shard() -> None:
    facts, state, grown = Topic("facts", 4), Topic("persons", 4), Topic("persons", 6)
    assert not list(judge_shards([]))
    assert not list(judge_shards([facts]))  # the other one is made just like it
    assert not list(judge_shards([facts, state]))
    (found,) = judge_shards([facts, grown])
    assert found.weight is Weight.REFUSAL
    assert "'facts' has 4 and 'persons' has 6 partitions" in found.text
    assert "TIDEGAUGE_KAFKA_APPLICATION" in found.text


def facts(**more: str) -> Topic:
    names = {name.replace("_", "."): value for name, value in more.items()}
    sound = {"min.insync.replicas": "2", "unclean.leader.election.enable": "false"}
    return Topic("facts", 4, replicas=3, settings=RIGHT_FACTS | sound | names)


@pytest.mark.parametrize(
    ("topic", "weight", "said"),
    [
        (facts(), None, ""),
        (facts(retention_ms="-1"), None, ""),
        (facts(retention_ms=str(DAY)), None, ""),
        (facts(cleanup_policy="compact"), Weight.REFUSAL, "facts without keys, which a compacted"),
        (facts(cleanup_policy=BOTH), Weight.REFUSAL, f"(cleanup.policy={BOTH}). Set cleanup"),
        (facts(retention_ms=str(HOUR)), Weight.WARNING, "keeps facts for 1 hour: what goes before"),
        (facts(retention_bytes="-1"), None, ""),
        (
            facts(retention_bytes="5000"),
            Weight.WARNING,
            "keeps facts up to 5,000 bytes for each shard",
        ),
        (facts(max_message_bytes="1000"), Weight.WARNING, "takes no record above 1,000 bytes"),
        (facts(min_insync_replicas="1"), Weight.WARNING, "min.insync.replicas=1 with 3 replicas"),
        (facts(unclean_leader_election_enable="true"), Weight.WARNING, "facts may be taken back"),
    ],
)
def test_a_topic_of_facts_must_take_and_keep_them(
    topic: Topic, weight: Weight | None, said: str
) -> None:
    found = serious(list(judge_facts(topic, 8 << 20, 3)))
    assert [finding.weight for finding in found] == ([weight] if weight else [])
    assert all(said in finding.text for finding in found)


@pytest.mark.kafka
def test_facts_that_are_compacted_stop_a_worker(deployment: Deployment) -> None:
    (found,) = serious(deployment.findings(facts=RIGHT_FACTS | {"cleanup.policy": "compact"}))
    assert f"topic '{deployment.name}-facts' holds facts without keys" in found.text
    with pytest.raises(Refusal, match=r"cleanup\.policy=delete"):
        topics.prepare(deployment.settings)


@pytest.mark.kafka
def test_shards_are_as_many_as_when_they_were_made_however_the_source_grows(
    deployment: Deployment,
) -> None:
    deployment.create(deployment.settings.topic, {}, partitions=2)
    assert topics.prepare(deployment.settings).facts.partitions == 2
    grown = {deployment.settings.topic: 5}
    with administration(deployment.settings.kafka) as admin:
        admin.create_partitions(grown)
    while topics.count_partitions(deployment.settings.kafka, deployment.settings.topic) < 5:
        pass  # the broker tells it a moment later
    with pytest.raises(Refusal, match="has grown to 5 partitions"):
        topics.prepare(deployment.settings)  # until the state has grown too
    topics.ensure(deployment.settings)
    found = topics.prepare(deployment.settings)
    assert (found.source.partitions, found.facts.partitions) == (5, 2)
    sizes = {t.name: t.partitions for t in topics.inspect(deployment.settings).topics}
    assert [sizes[name] for name in deployment.own_topics] == [5, 2, 2, 5]


def test_a_state_of_persons_whose_facts_are_gone_gets_them_with_as_many_shards(
    embedded_broker: EmbeddedBroker,
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {}, partitions=3)
    deployment.create(deployment.settings.of_persons().changelog_topic, {}, partitions=2)
    found = topics.prepare(deployment.settings)
    assert (found.source.partitions, found.facts.partitions) == (3, 2)


def test_no_worker_starts_where_facts_and_state_are_of_different_shards(
    embedded_broker: EmbeddedBroker,
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {}, partitions=3)
    deployment.create(deployment.settings.facts_topic, {}, partitions=2)
    deployment.create(deployment.settings.of_persons().changelog_topic, {}, partitions=3)
    with pytest.raises(Refusal, match="the shards of persons are as many as when"):
        topics.prepare(deployment.settings)


@pytest.mark.parametrize("kind", ["facts", "persons-changelog"])
def test_shards_are_not_made_more_where_one_topic_of_theirs_has_grown(
    embedded_broker: EmbeddedBroker, kind: str
) -> None:
    deployment = Deployment(embedded_broker.bootstrap)
    deployment.create(deployment.settings.topic, {}, partitions=3)
    for name in ("facts", "persons-changelog"):
        deployment.create(f"{deployment.name}-{name}", {}, partitions=3 if name == kind else 2)
    with pytest.raises(Refusal, match="delete both topics and count anew with `tidegauge replay`"):
        topics.ensure(deployment.settings)
    sizes = {t.name: t.partitions for t in topics.inspect(deployment.settings).topics}
    assert sorted(sizes.values()) == [2, 3, 3]  # and nothing was created


def test_all_refusals_are_said_at_once_and_warnings_stop_nothing() -> None:
    refuse([Finding(Weight.WARNING, "a"), Finding(Weight.NOTE, "b")])
    with pytest.raises(Refusal, match=r"^c\. e$"):
        refuse(
            [Finding(Weight.REFUSAL, "c"), Finding(Weight.NOTE, "d"), Finding(Weight.REFUSAL, "e")]
        )


@pytest.mark.parametrize(
    ("milliseconds", "said"),
    [
        (0, "0 milliseconds"),
        (1, "1 millisecond"),
        (1_000, "1 second"),
        (90_000, "1.5 minutes"),
        (23 * HOUR, "23 hours"),
        (DAY, "1 day"),
        (400 * DAY, "400 days"),
    ],
)
def test_a_stretch_of_time_is_said_in_its_largest_unit(milliseconds: int, said: str) -> None:
    assert duration(milliseconds) == said


@pytest.mark.parametrize(
    ("settings", "how_long"),
    [
        ({"cleanup.policy": "delete", "retention.ms": str(7 * DAY)}, None),
        ({"cleanup.policy": "delete", "retention.ms": str(HOUR)}, None),
        ({}, None),  # not told
        ({"cleanup.policy": "delete", "retention.ms": str(8 * DAY)}, "for 8 days"),
        ({"cleanup.policy": "delete", "retention.ms": str(30 * DAY)}, "for 30 days"),
        ({"cleanup.policy": BOTH, "retention.ms": "-1"}, "for ever (retention.ms=-1)"),
        ({"cleanup.policy": "compact"}, "for ever (cleanup.policy=compact)"),
    ],
)
def test_dead_letters_that_are_kept_for_longer_than_a_week_are_warned_of(
    settings: Configs, how_long: str | None
) -> None:
    found = list(judge_personal_data(Topic("letters", 1, settings=settings), 7 * DAY))
    if how_long is None:
        assert found == []
        return
    (finding,) = found
    assert finding.weight is Weight.WARNING
    assert f"{how_long}: they are personal data" in finding.text
    assert f"retention.ms={7 * DAY}" in finding.text
