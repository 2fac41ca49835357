"""Which faults come, in which order: drawn from the seed alone, so that a run can be replayed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from tests.chaos.faults.registry import KINDS, Kind

BIAS: Mapping[str, Mapping[str, int]] = {
    "guard": {"killed inside a checkpoint": 10},
    "manifest": {"a listed unit is buried": 10},
    "manifest-last": {"source forgets what is safe": 10},
    "tombstones-last": {"source forgets what is safe": 10},
    "rank": {"rows of a zombie land late": 10},
    "rewriting": {"rows of a zombie land late": 10},
    "finality": {"a slow worker builds a unit anew": 10},
    "orphans": {"a slow worker builds a unit anew": 10},
    "regress": {"a slow worker builds a unit anew": 10},
    "entries": {"what lies beyond a manifest is buried": 10},
}
"""Rule that is off -> kinds that come more often, since it is they that need the rule."""
FIRST = 3
"""So often they come before all others."""


def plan(seed: int, rule_off: str = "") -> Iterator[tuple[Kind, random.Random]]:
    """Faults without end, each with a source of chance of its own: all kinds, shuffled, again."""
    rng = random.Random(seed)
    more = BIAS.get(rule_off, {})
    number = 0
    first = [KINDS[name] for name in more if name in KINDS] * FIRST
    while True:
        kinds = [kind for kind in KINDS.values() for _ in range(more.get(kind.name, kind.times))]
        rng.shuffle(kinds)
        for kind in first + kinds:
            yield kind, random.Random(f"{seed}/{number}")
            number += 1
        first = []
