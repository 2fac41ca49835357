"""What happens between workers and servers: slow, narrow, cut."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.chaos.faults.registry import fault
from tests.chaos.proxy import FINE, Proxy, Weather
from tests.chaos.world import World
from tests.integration.pipeline import wait_for
from tidegauge.embedded import KAFKA_ANSWER, KAFKA_QUESTION


@fault("slow network to Kafka", times=2)
def slow_kafka(world: World) -> str:
    """Every broker answers late and slowly."""
    proxies = [broker.proxy for broker in world.cluster.brokers]
    weather = Weather(world.rng.uniform(0.05, 0.4), world.rng.choice((0, 50_000, 300_000)))
    with _in(weather, proxies):
        seconds = _round_trip(world.rng.choice(proxies).port, KAFKA_QUESTION, KAFKA_ANSWER)
        held = _wait_for_delay(proxies)
        time.sleep(world.rng.uniform(2, 10))
    assert seconds >= 2 * weather.latency_seconds
    return f"a question took {1000 * seconds:.0f} ms, {held} bytes held up at {weather}"


@fault("slow network to Redis")
def slow_redis(world: World) -> str:
    """Redis answers late, sometimes later than anybody waits."""
    weather = Weather(world.rng.uniform(0.1, 0.8), world.rng.choice((0, 20_000)))
    with _in(weather, [world.redis_proxy]):
        seconds = _round_trip(world.redis_proxy.port, b"PING\r\n", b"+PONG")
        held = _wait_for_delay([world.redis_proxy])
        time.sleep(world.rng.uniform(2, 8))
    assert seconds >= 2 * weather.latency_seconds
    return f"a ping took {1000 * seconds:.0f} ms, {held} bytes held up at {weather}"


@fault("network to a broker cut")
def cut_a_broker(world: World) -> str:
    """Workers do not reach one broker, which the others do."""
    broker = world.rng.choice(world.cluster.brokers)
    return f"broker {broker.node}: {_cut(world, [broker.proxy])}"


@fault("network to Redis cut")
def cut_redis(world: World) -> str:
    """Nobody reaches Redis, which keeps what it has."""
    return _cut(world, [world.redis_proxy])


@fault("network cut everywhere")
def cut_everything(world: World) -> str:
    """Workers reach nothing, longer than a session lasts."""
    proxies = [*(broker.proxy for broker in world.cluster.brokers), world.redis_proxy]
    return _cut(world, proxies)


def _cut(world: World, proxies: Sequence[Proxy]) -> str:
    ended, refused = _ended(proxies), _refused(proxies)
    with _in(Weather(is_cut=True), proxies):
        wait_for("somebody is refused", lambda: _refused(proxies) > refused, 60)
        time.sleep(world.rng.uniform(1, 9))
        found = _ended(proxies) - ended, _refused(proxies) - refused
    return f"{found[0]} ends of connections closed, {found[1]} attempts refused"


@contextmanager
def _in(weather: Weather, proxies: Sequence[Proxy]) -> Iterator[None]:
    for proxy in proxies:
        proxy.set(weather)
    try:
        yield
    finally:
        for proxy in proxies:
            proxy.set(FINE)


def _ended(proxies: Sequence[Proxy]) -> int:
    return sum(proxy.ended for proxy in proxies)


def _refused(proxies: Sequence[Proxy]) -> int:
    return sum(proxy.refused for proxy in proxies)


def _wait_for_delay(proxies: Sequence[Proxy]) -> int:
    """Bytes that were held up, once there are some beside our own."""
    before = sum(proxy.delayed_bytes for proxy in proxies)
    wait_for(
        "bytes are held up", lambda: sum(proxy.delayed_bytes for proxy in proxies) > before, 30
    )
    return sum(proxy.delayed_bytes for proxy in proxies) - before


def _round_trip(port: int, question: bytes, answer: bytes) -> float:
    """Seconds from a question to its answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        began = time.monotonic()
        connection.sendall(question)
        assert answer in connection.recv(64)
        return time.monotonic() - began
