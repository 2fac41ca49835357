"""A topic of the same name is not the same topic."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest
from kafka import KafkaAdminClient

from agents import topics
from agents.brokers import Brokers
from agents.same_source import check_source
from agents.settings import Refusal, WorkerSettings
from tests.agents.made_up import SETTINGS
from tests.integration.pipeline import wait_for

NUMBERS = itertools.count(1)


@pytest.fixture
def settings(broker: str) -> WorkerSettings:
    """Of a topic that is there."""
    name = f"same-{next(NUMBERS)}"
    found = replace(SETTINGS, kafka=Brokers(broker), topic=name, application=name)
    create(found)
    return found


def create(settings: WorkerSettings, partitions: int = 2) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    wanted = {"num_partitions": partitions, "replication_factor": 1}
    admin.create_topics({settings.topic: wanted}, wait_for_metadata=True)
    admin.close()


def delete(settings: WorkerSettings) -> None:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    admin.delete_topics([settings.topic])
    wait_for("the topic is gone", lambda: settings.topic not in admin.list_topics(), 10)
    admin.close()


def check(settings: WorkerSettings, source: topics.Source) -> None:
    asyncio.run(check_source(settings, source))


def test_the_topic_that_was_there_at_the_start_is_the_same(settings: WorkerSettings) -> None:
    check(settings, topics.prepare(settings).source)


def test_a_topic_made_anew_is_another_one(settings: WorkerSettings) -> None:
    async def main() -> None:
        source = topics.prepare(settings).source
        delete(settings)
        checking = asyncio.create_task(check_source(settings, source))
        await asyncio.sleep(0.5)  # time enough to ask
        assert not checking.done()
        await asyncio.to_thread(create, settings)
        with pytest.raises(Refusal, match=r"made anew.*`tidegauge replay`"):
            await checking

    asyncio.run(main())


def test_a_topic_that_has_grown_names_the_command_that_lets_the_state_grow(
    settings: WorkerSettings,
) -> None:
    source = topics.prepare(settings).source
    with pytest.raises(Refusal, match="from 1 to 2 partitions; run `tidegauge topics`"):
        check(settings, replace(source, partitions=1))


def test_shards_of_persons_cannot_grow_with_the_topic_they_are_told_by(
    settings: WorkerSettings,
) -> None:
    facts = topics.prepare(settings).facts
    with pytest.raises(Refusal, match=r"grown from 1 to 2 .* delete both topics") as refusal:
        check(settings.of_persons(), replace(facts, partitions=1))
    assert f"'{settings.application}-persons-changelog' was made for" in str(refusal.value)
    assert "tidegauge topics" not in str(refusal.value)
