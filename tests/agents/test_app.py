"""The app is made by a call, as often as one likes; importing makes nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agents.app import WorkerApp, create_app, create_persons_app
from agents.changelog import row_key
from agents.transport import Consumer, Producer, Transport
from tidegauge.assembly import worker_settings
from tidegauge.settings import Settings

SETTINGS = worker_settings(Settings())

IMPORT_EVERYTHING = """
import gc, logging, pkgutil, threading
import agents
for module in pkgutil.iter_modules(agents.__path__, "agents."):
    __import__(module.name)
import faust, prometheus_client
apps = [found for found in gc.get_objects() if isinstance(found, faust.App)]
registered = {name.split("_")[0] for name in prometheus_client.REGISTRY._names_to_collectors}
print(len(apps), threading.active_count(), "tidegauge" in registered, len(logging.root.handlers))
"""


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """Faust takes the current event loop, and makes one that nobody closes when there is none."""
    with asyncio.Runner() as runner:
        asyncio.set_event_loop(runner.get_loop())
        yield
        asyncio.set_event_loop(None)


def test_importing_the_agents_makes_no_app_no_thread_no_metric_and_no_log() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_EVERYTHING], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "1", "False", "0"]


def test_two_apps_in_a_process_share_nothing() -> None:
    first = create_app(SETTINGS, 4, "one")
    second = create_app(replace(SETTINGS, application="other"), 8, "two")
    assert isinstance(first, WorkerApp)
    assert (first.conf.id, second.conf.id) == ("tidegauge", "other")
    assert (first.conf.topic_partitions, second.conf.topic_partitions) == (4, 8)
    assert first.ownership is not second.ownership
    assert first.generation == "one"
    assert [len(app.agents) for app in (first, second)] == [1, 1]


def test_two_apps_of_one_name_in_a_process_are_two() -> None:
    assert create_app(SETTINGS, 4, "g").ownership is not create_app(SETTINGS, 4, "g").ownership


def test_the_app_reads_and_writes_through_our_transport() -> None:
    app = create_app(SETTINGS, 4, "g")
    assert isinstance(app.transport, Transport)
    assert isinstance(app.consumer, Consumer)
    assert isinstance(app.producer, Producer)
    app.consumer._thread.thread_loop.close()  # made with it, for a thread that never starts


def test_faust_registers_no_table_so_it_writes_and_recovers_none() -> None:
    assert not create_app(SETTINGS, 4, "g").tables


def test_the_changelog_has_the_name_that_faust_gives_the_changelog_of_the_table() -> None:
    app = create_app(SETTINGS, 4, "g")
    assert app.ownership._changelog._table.changelog_topic_name == SETTINGS.changelog_topic


def test_the_app_that_keeps_persons_has_a_group_a_table_and_a_topic_of_its_own() -> None:
    app = create_persons_app(SETTINGS.of_persons(), 8, "g")
    changelog = app.ownership._changelog
    assert (app.conf.id, app.conf.topic_partitions) == ("tidegauge-persons", 8)
    assert changelog._table.changelog_topic.get_topic_name() == "tidegauge-persons-changelog"
    assert changelog._settings.changelog_topic == "tidegauge-persons-changelog"
    assert app.settings.topic == SETTINGS.facts_topic
    assert not app.tables
    assert app.telling is None


def test_the_table_of_persons_shows_what_is_counted_and_nobody() -> None:
    changelog = create_persons_app(SETTINGS.of_persons(), 8, "g").ownership._changelog
    kinds = ("marks/0", "entries/3", "sessions/0", "sheets/0", "head")
    for kind in kinds:
        changelog._hold(row_key(5, f"0/snapshot/700/{kind}"), b"row")
    shown = [f"5/0/snapshot/700/{kind}".encode() for kind in ("sheets/0", "head")]
    assert list(changelog._table.data.data) == shown


def test_a_refusal_drops_the_state_and_keeps_its_first_reason() -> None:
    app = create_app(SETTINGS, 4, "g")
    epoch = app.ownership.epoch
    app.refuse("first")
    app.refuse("second")
    assert app.refusal == "first"
    assert app.ended.is_set()
    assert app.ownership.partitions == {}
    assert app.ownership.epoch == epoch + 1
