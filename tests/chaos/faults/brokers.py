"""What happens to brokers; each is waited for until it answers again."""

from __future__ import annotations

import socket
import time

import pytest

from tests.chaos.brokers import Broker
from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.world import World
from tests.integration.pipeline import wait_for

WHOLE_SECONDS = 90


@fault("broker killed", times=2)
def kill_a_broker(world: World) -> str:
    """Kill -9: others lead, and it comes back."""
    wait_until_whole(world)
    broker = world.rng.choice(world.cluster.brokers)
    return _kill(world, broker)


@fault("leader of a changelog partition killed")
def kill_the_leader(world: World) -> str:
    """Kill -9 the leader of a partition of the changelog while a checkpoint is half written."""
    wait_until_whole(world)
    topic = world.line.worker_settings().changelog_topic
    number = world.rng.randrange(world.line.partitions)
    world.tail.wait_for_half_a_checkpoint([number], 3)
    leader = world.cluster.replicas(topic)[number].leader
    return f"led partition {number}; {_kill(world, world.cluster.broker(leader))}"


@fault("broker stands still")
def freeze_a_broker(world: World) -> str:
    """SIGSTOP beyond its session with the controller, then SIGCONT."""
    wait_until_whole(world)
    broker = world.rng.choice(world.cluster.brokers)
    broker.freeze()
    try:
        moved = _wait_for_others_to_lead(world, broker)
        time.sleep(world.rng.uniform(0, 6))
        assert broker.state() == "T"
    finally:
        broker.thaw()
    return f"broker {broker.node}: state T, {moved}"


@fault("controller killed")
def kill_the_controller(world: World) -> str:
    """Kill -9: no leader can be elected until it is back."""
    controller = world.cluster.controller
    controller.kill()
    _assert_refused(controller.port)
    time.sleep(world.rng.uniform(1, 8))
    controller.start()
    return f"port {controller.port} refused, answers again"


@fault("disk full")
def fill_the_disk(world: World) -> str:
    """A broker cannot write any more, and ends; it starts again when there is room."""
    disk = world.cluster.disk
    if disk is None:
        raise Skipped("no small disk could be mounted here")
    wait_until_whole(world)
    broker = world.cluster.brokers[-1]
    written = disk.fill()
    try:
        code = broker.wait(60)
        moved = _wait_for_others_to_lead(world, broker)
    finally:
        disk.clear()
        broker.kill()
        broker.start()
    assert code is not None, "the broker did not notice that its disk is full"
    return f"ENOSPC after {written >> 20} MiB, broker {broker.node} ended with {code}, {moved}"


def _kill(world: World, broker: Broker) -> str:
    broker.kill()
    try:
        _assert_refused(broker.port)
        moved = _wait_for_others_to_lead(world, broker)
        time.sleep(world.rng.uniform(0, 6))
    finally:
        broker.start()
    return f"broker {broker.node}: port {broker.port} refused, {moved}"


def _wait_for_others_to_lead(world: World, broker: Broker) -> str:
    """Wait until a broker leads nothing any more, and say what came of its replicas."""
    topic = world.line.topic

    def moved() -> int:
        found = world.cluster.replicas(topic).values()
        shrank = sum(broker.node not in one.in_sync for one in found)
        return shrank if all(one.leader != broker.node for one in found) else 0

    return f"out of the replicas in sync of {wait_for('others lead', moved, 60)} partitions"


def wait_until_whole(world: World) -> None:
    """Two brokers at a time are the end of what is promised without waiting."""
    wait_for(
        "all replicas are in sync", lambda: world.cluster.is_whole(*world.topics), WHOLE_SECONDS
    )


def _assert_refused(port: int) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 1)
