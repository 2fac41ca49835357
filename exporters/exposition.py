"""Renders one scrape: text 0.0.4 or OpenMetrics 1.0, whichever is asked for.

Samples are written here: prometheus_client looks at each name and label of each of them anew, which
takes two to five times as long (decision 23).
"""

import re
from collections.abc import Iterable, Iterator

from prometheus_client import PlatformCollector, ProcessCollector
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

KNOWN_VERSIONS = ("0.0.1", "0.0.4", "1.0.0")
VERSION = re.compile(r"version=([^;,]*)")
ESCAPING = re.compile(r"; *escaping=[^;,]*")
OPENMETRICS = "application/openmetrics-text"


def render(collectors: Iterable[Collector], accept: str) -> tuple[bytes, str]:
    """Body and content type of a scrape of gauges and counters with names of letters and `_`."""
    _, content_type = choose_encoder(_admit(accept))
    write = _openmetrics if content_type.startswith(OPENMETRICS) else _text
    families = (family for collector in collectors for family in collector.collect())
    return "".join(write(families)).encode(), content_type


def process_collectors() -> list[Collector]:
    """What there is to know of this process: memory, processor time, open files, Python."""
    return [ProcessCollector(registry=None), PlatformCollector(registry=None)]


def _admit(accept: str) -> str:
    """Take out versions that the library would echo or fail on, and ways to escape names."""
    known = VERSION.sub(
        lambda found: found[0] if found[1].strip() in KNOWN_VERSIONS else "", accept
    )
    return ESCAPING.sub("", known)


def _text(families: Iterable[Family]) -> Iterator[str]:
    for family in families:
        name = f"{family.name}_total" if family.type == "counter" else family.name
        told = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
        yield f"# HELP {name} {told}\n# TYPE {name} {family.type}\n"
        yield from map(_line, family.samples)


def _openmetrics(families: Iterable[Family]) -> Iterator[str]:
    for family in families:
        yield f"# HELP {family.name} {_escaped(family.documentation)}\n"
        yield f"# TYPE {family.name} {family.type}\n"
        yield from map(_line, family.samples)
    yield "# EOF\n"


def _line(sample: Sample) -> str:
    labels = ",".join(f'{k}="{_escaped(v)}"' for k, v in sorted(sample.labels.items()))
    braced = f"{{{labels}}}" if labels else ""
    return f"{sample.name}{braced} {floatToGoString(sample.value)}\n"  # type: ignore[no-untyped-call]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
