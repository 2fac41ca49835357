"""All kinds of faults; importing this registers them."""

from tests.chaos.faults import (
    brokers,
    checkpoints,
    labels,
    network,
    rebuilding,
    redis_server,
    retention,
    rolling,
    workers,
    zombies,
)
from tests.chaos.faults.registry import KINDS, Kind, Skipped

__all__ = [
    "KINDS",
    "Kind",
    "Skipped",
    "brokers",
    "checkpoints",
    "labels",
    "network",
    "rebuilding",
    "redis_server",
    "retention",
    "rolling",
    "workers",
    "zombies",
]
