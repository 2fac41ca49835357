"""Reads an exporter's /metrics the way Prometheus does."""

import http.client
import urllib.request
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

PREFIX = "tidegauge_"
TIMEOUT_SECONDS = 10

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A series: its name without prefix, and its labels sorted by name."""


@dataclass(frozen=True)
class Scrape:
    """Every series of tidegauge at one instant."""

    values: dict[Key, float] = field(default_factory=dict)

    def get(self, name: str, **labels: str) -> float | None:
        """The value of a series; None when it is absent."""
        return self.values.get((name, tuple(sorted(labels.items()))))

    def sum(self, name: str, **labels: str) -> float:
        """Sum over the series of a name that carry these labels."""
        wanted = set(labels.items())
        return sum(v for (n, pairs), v in self.values.items() if n == name and wanted <= set(pairs))

    def has(self, name: str, window: str) -> bool:
        """Whether a metric has any series in a window."""
        return any(n == name and ("window", window) in pairs for n, pairs in self.values)

    @property
    def up(self) -> bool:
        """Whether the product metrics are there."""
        return self.get("up") == 1

    @property
    def as_of(self) -> int:
        """The instant of the numbers in milliseconds; 0 while there are none."""
        return round((self.get("as_of_timestamp_seconds") or 0) * 1000)


def scrape(url: str) -> Scrape:
    """Read `url`; an exporter that does not answer reads as one without series."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own address
            text = answer.read().decode()
    except (OSError, http.client.HTTPException):
        return Scrape()
    return Scrape(
        {
            (sample.name.removeprefix(PREFIX), tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith(PREFIX)
        }
    )
