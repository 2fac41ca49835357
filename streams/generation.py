"""The identity of a state: two states with different generations must never be mixed.

A metric that is added or changed does not make a new generation: it has its own fold id. What is
remembered of persons has none, so other events for a fact, or another path of its label, do.
"""

import hashlib
from importlib import metadata
from typing import Any

import msgspec

from streams.catalogue import Catalogue, Fact
from streams.folding import Folding

FOLD_VERSION = 4
"""Raised with every change that folds the same log into other numbers, or stores other hashes."""


def generation(folding: Folding, topic_id: str) -> str:
    """16 hexadecimal digits that name the state folded from a topic."""
    parts = (
        topic_id,
        FOLD_VERSION,
        {name: getattr(folding.wire, name) for name in folding.wire.__dataclass_fields__},
        folding.calendar.zone.key,
        metadata.version("tzdata"),
        folding.hash_person("fingerprint of the key"),
        folding.person_key,
        folding.bot_list,
        [_facts(folding.catalogue, fact) for _, fact in sorted(folding.catalogue.facts.items())],
    )
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=8).hexdigest()


def _facts(catalogue: Catalogue, fact: Fact) -> tuple[Any, ...]:
    """Where a fact is read; that a closed set gets another value changes nothing of what was."""
    paths = catalogue.labels[fact.label].paths if fact.label else ()
    return fact, paths
