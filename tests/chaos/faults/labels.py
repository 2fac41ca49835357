"""Floods of label values."""

from __future__ import annotations

from tests.chaos.faults.registry import fault
from tests.chaos.world import World

LABELS = (120, 700, 1_500)
"""Above what is exported of a label; above what a unit admits."""


@fault("label flood")
def flood_labels(world: World) -> str:
    """Page views of pages nobody has seen."""
    labels = world.rng.choice(LABELS)
    before = world.traffic.sent
    world.traffic.flood(labels)
    return f"{labels} names of pages in one partition, {world.traffic.sent - before} records sent"
