"""What happens to Redis: killed, standing still, emptied, set back to an old backup."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing

import pytest
import redis

from tests.chaos.faults.registry import Skipped, fault
from tests.chaos.process_state import state_of
from tests.chaos.world import World
from tests.integration.pipeline import wait_for


@fault("Redis killed", moves_back=True)
def kill_redis(world: World) -> str:
    """Kill -9: it comes back empty, as it keeps nothing on disk."""
    with closing(world.redis_client()) as client:
        before = client.info("server")["run_id"]
        world.redis.kill()
        try:
            with pytest.raises(redis.ConnectionError):
                client.ping()
            time.sleep(world.rng.uniform(0, 6))
        finally:
            world.redis.start()
        after = client.info("server")["run_id"]
    assert before != after
    return f"refused; run {before[:8]} became {after[:8]}"


@fault("Redis stands still")
def freeze_redis(world: World) -> str:
    """SIGSTOP for some seconds: it answers nobody."""
    os.kill(world.redis.pid, signal.SIGSTOP)
    try:
        wait_for("Redis stands still", lambda: state_of(world.redis.pid) == "T", 5)
        with closing(world.redis_client()) as client, pytest.raises(redis.TimeoutError):
            client.ping()
        time.sleep(world.rng.uniform(1, 8))
    finally:
        os.kill(world.redis.pid, signal.SIGCONT)
    return "state T, a ping was not answered within 1 s"


@fault("Redis emptied", moves_back=True)
def flush_redis(world: World) -> str:
    """FLUSHALL."""
    with closing(world.redis_client()) as client:
        before = client.dbsize()
        if not before:
            raise Skipped("it is empty")
        with client.pipeline(transaction=True) as pipeline:
            pipeline.flushall()
            pipeline.dbsize()
            after = pipeline.execute()[1]
    assert after == 0
    return f"{before} keys, then none"


@fault("Redis set back to a backup", moves_back=True)
def restore_redis(world: World) -> str:
    """All is as it was some seconds ago, as after a failover that lost writes."""
    with closing(world.redis_client()) as client:
        backup = {key: client.dump(key) for key in client.scan_iter(count=1000)}
        backup = {key: value for key, value in backup.items() if value is not None}
        if not backup:
            raise Skipped("it is empty")
        time.sleep(world.rng.uniform(2, 6))
        with client.pipeline(transaction=True) as pipeline:
            pipeline.flushall()
            for key, value in backup.items():
                pipeline.restore(key, 0, value)
            pipeline.dbsize()
            restored = pipeline.execute()[-1]
    assert restored == len(backup)
    return f"{restored} keys as they were"
