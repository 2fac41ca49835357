"""The identity of a state: two states with different generations must never be mixed.

A metric that is added or changed does not make a new generation: it has its own fold id.
"""

import hashlib
from importlib import metadata

import msgspec

from streams.folding import hash_person
from streams.wire import PersonKey, WireFormat

FOLD_VERSION = 1
"""Raised with every change that folds the same log into other numbers."""


def generation(
    topic_id: str, wire: WireFormat, time_zone: str, hash_key: bytes, person_key: PersonKey
) -> str:
    """16 hexadecimal digits that name the state folded from a topic under these settings."""
    parts = (
        topic_id,
        FOLD_VERSION,
        msgspec.to_builtins(wire),
        time_zone,
        metadata.version("tzdata"),
        hash_person("fingerprint", hash_key),
        person_key,
    )
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=8).hexdigest()
