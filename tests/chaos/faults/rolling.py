"""A new version of everything, one process after the other."""

from __future__ import annotations

from tests.chaos.faults.brokers import wait_until_whole
from tests.chaos.faults.registry import fault
from tests.chaos.world import World


@fault("rolling restart of everything", moves_back=True)
def restart_everything(world: World) -> str:
    """Workers, exporters, brokers, the controller and Redis are each asked to stop, and begin."""
    codes = [_restart_worker(world, name) for name in sorted(world.crew.services)]
    for number, exporter in enumerate(world.exporters):
        codes.append(exporter.stop())
        world.exporters[number] = world.line.exporter()
    for broker in world.cluster.brokers:
        wait_until_whole(world)
        broker.stop()
        broker.start()
    for server in (world.cluster.controller, world.redis):
        server.stop()
        server.start()
    assert set(codes) == {0}, f"exit codes {codes}"
    return f"exit codes {codes} of workers and exporters, {len(world.cluster.brokers)} brokers"


def _restart_worker(world: World, name: str) -> int:
    service = world.crew.services[name]
    # Who is asked to stop while Python still begins ends by the signal.
    world.crew.wait_for("it answers", lambda: service.get("healthz")[0], 60)
    code = world.crew.services.pop(name).stop()
    world.crew.start(name)
    world.crew.wait_for("it owns something", lambda: world.crew.shares()[name])
    return code
