"""Counts what a door refuses, by reason, and says so in the /metrics behind it."""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client.core import CounterMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.catalogue import PREFIX

CONNECTIONS, TLS, MALFORMED = "connections", "tls", "malformed"
OF_STATUS: Final = {
    400: "body",
    401: "password",
    403: "certificate",
    405: "method",
    429: "rate",
}
"""What a guard answers, and why."""
REASONS: Final = (CONNECTIONS, TLS, MALFORMED, *OF_STATUS.values())
HELP = (
    "Requests and connections that were refused: too many `connections`, a handshake of `tls` that "
    "failed (no certificate, or a wrong one), `malformed` or too long, a `body`, no or a wrong "
    "`password`, a `certificate` of another name, another `method` than GET and HEAD, or a `rate` "
    "of requests or logins that is too high."
)


class Refusals:
    """How often one door refused, by reason."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = dict.fromkeys(REASONS, 0)

    def note(self, reason: str) -> None:
        """Count one."""
        self.counts[reason] += 1


class RefusalCollector(Collector):
    """What the door of a service (`exporter`, `worker`) refused."""

    def __init__(self, service: str, counts: Mapping[str, int]) -> None:
        self._service, self._counts = service, counts

    def collect(self) -> Iterator[Family]:
        """Yield the one family."""
        name = f"{PREFIX}{self._service}_refused_requests"
        family = CounterMetricFamily(name, HELP, labels=("reason",))
        for reason, count in self._counts.items():
            family.add_metric((reason,), count)
        yield family
