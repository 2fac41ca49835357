"""The launch that a history may hold: told by who releases it, and the ledger knows when."""

from collections.abc import Iterable, Iterator

from tidegauge.simulator.behaviour import Step
from tidegauge.simulator.record import Key, Told
from tidegauge.simulator.traffic import Event, Traffic

RELEASES = "release-bot"
LAUNCH = {
    "name": "Simpler checkout",
    "metrics": ['conversions{goal="order"}', 'conversion_ratio{goal="order"}'],
    "guardrails": ["cancellations"],
}


def launch(traffic: Traffic, time_ms: int) -> Event:
    """Return the event that says that it begins; it changes nothing of what people do."""
    return traffic.server_event(RELEASES, Step("track", "Launch Started", LAUNCH), time_ms)


def starts(told: Iterable[Told]) -> Iterator[tuple[Key, float]]:
    """Yield when each launch began, in seconds; of two starts the later one holds."""
    for time_ms, name, _ in sorted(told):
        yield ("launch_start_timestamp_seconds", (("launch", name),)), time_ms / 1000
