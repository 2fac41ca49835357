"""Who was subscribed before the traffic begins, as a billing system tells it once.

One identify for each subscriber, with the time since when they pay, and then the statement that
the list is whole: who is not on it paid for nothing at that time.
"""

import random

from tidegauge.simulator.behaviour import Step
from tidegauge.simulator.people import Population
from tidegauge.simulator.record import time_text
from tidegauge.simulator.traffic import Event, Traffic

BILLING = "billing-system"
OLDEST_MS = 700 * 86_400_000
"""How long the first of them have been subscribed."""


def subscriber_list(
    population: Population,
    traffic: Traffic,
    *,
    since_ms: int,
    span_ms: tuple[int, int],
    room: int,
    rng: random.Random,
) -> list[Event]:
    """Return at most `room` events, a millisecond apart as far as the span reaches.

    The list is whole from `since_ms` on: those for whom there is no room never subscribed.
    """
    start_ms, end_ms = span_ms
    subscribers = population.subscribers()
    for person in subscribers[max(0, room - 1) :]:
        person.plan = "free"
    told: list[Event] = []
    for person in subscribers[: max(0, room - 1)]:
        person.subscribed_ms = since_ms - 1 - int(rng.random() * OLDEST_MS)
        traits = {"plan": person.plan, "subscribed_at": time_text(person.subscribed_ms)}
        time_ms = min(start_ms + len(told), end_ms - 1)
        told.append(traffic.server_event(person.key, Step("identify", None, traits), time_ms))
    if room:
        since = Step("track", "Subscribers Declared", {"since": time_text(since_ms)})
        told.append(traffic.server_event(BILLING, since, min(start_ms + len(told), end_ms - 1)))
    return told
