"""Renders one scrape: text 0.0.4 or OpenMetrics 1.0, whichever is asked for."""

import re
from collections.abc import Iterable

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

KNOWN_VERSIONS = ("0.0.1", "0.0.4", "1.0.0")
VERSION = re.compile(r"version=([^;,]*)")


def render(collectors: Iterable[Collector], accept: str) -> tuple[bytes, str]:
    """Body and content type of a scrape, from a registry of its own."""
    registry = CollectorRegistry(auto_describe=False)
    for collector in collectors:
        registry.register(collector)
    encode, content_type = choose_encoder(_admit(accept))
    return encode(registry), content_type


def process_collectors() -> list[Collector]:
    """What there is to know of this process: memory, processor time, open files, Python."""
    return [ProcessCollector(registry=None), PlatformCollector(registry=None)]


def _admit(accept: str) -> str:
    """Take out versions that the library would echo or fail on."""
    return VERSION.sub(lambda found: found[0] if found[1].strip() in KNOWN_VERSIONS else "", accept)
