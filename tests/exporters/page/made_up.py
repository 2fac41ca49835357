"""A made-up company: weeks of seeded events, a low with its reason, and hostile names."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

from exporters.keys import Source
from exporters.page.audience import PRIVATE, Audience
from exporters.page.cards import sheet_of
from exporters.page.rendering import render
from exporters.page.sheet import Sheet
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.history import History
from streams.notes import Note
from streams.panes import DAY, HOUR, SECOND
from streams.persons.shard import Shard
from streams.published import Published
from tests.exporters.published_events import GENERATION, NOW, Worker, new_folding

HOSTILE = "<script>alert('x')</script>\"&{{ 7 * 7 }}"
TODAY = datetime.fromtimestamp(NOW / SECOND, UTC).date()
LOW = TODAY - timedelta(days=9)
NOTES = (
    Note(
        LOW,
        "conversions",
        "Half as many orders as the day before.",
        "The payment provider refused cards for six hours.",
        "A second provider stands by since the following week.",
        LOW + timedelta(days=1),
    ),
    Note(
        TODAY - timedelta(days=10),
        "active_users",
        "A fifth fewer people than in other weeks.",
        "A public holiday in most of the countries we sell to.",
        "None; the goals of next June take it into account.",
        TODAY - timedelta(days=10),
    ),
)
PUBLIC = Audience(("active_users", "conversions", "conversion_ratio", "page_views", "csat"), 10)
PAGES = ("Home", "Pricing", "Docs", "Blog", "Search", "Basket", HOSTILE)
PLANS = ("free", "starter", "pro", "enterprise", "gold")


@cache
def view(days: int = 40, *, later: int = 0, pages: tuple[str, ...] = PAGES) -> View:
    """What an exporter would show after so many days, `later` milliseconds after NOW."""
    worker = Worker(new_folding())
    for back in range(days - 1, -1, -1):
        for hour in (9, 15):
            time = NOW - NOW % DAY - back * DAY + hour * HOUR
            if time <= NOW:
                worker.send(*_events(back, hour, pages), *_answers(back, hour), time=time)
    worker.now = NOW + later
    shard = worker.tell(Shard(worker.folding.calendar, GENERATION))
    progress = worker.progress(caught_up_at=NOW + later, published_at=NOW + later)
    held = Published(progress, worker.partition.units.held)
    source = Source.of(worker.folding, GENERATION, "events", 1, 1)
    return View.of(worker.folding, Snapshot(source, {0: held}, {0: shard}))


def _events(back: int, hour: int, pages: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    rng = random.Random(back * 100 + hour)
    people = round(90 + 25 * math.sin(back / 2.2) + rng.randint(-6, 6) + (25 if back == 4 else 0))
    for _ in range(people):
        user = f"u{rng.randint(0, 260)}"
        yield {"name": rng.choice(pages), "userId": user}
        chance = rng.random()
        if chance < (0.1 if back in (8, 9) else 0.25):
            yield _track("Order Completed", user, revenue=rng.randint(4, 90), currency="EUR")
        elif chance < 0.34:
            yield _track("Order Completed", user, revenue=rng.randint(4, 60), currency="USD")
        elif chance < 0.5:
            yield _track("Signed Up", user)
        elif chance < 0.53:
            yield _track("Subscription Started", user)
        elif chance < 0.58:
            plan = rng.choice(PLANS)
            yield _track("Subscription Cancelled", user, plan=plan, reason="price")
        elif chance < 0.8:
            yield _track("Feature Used", user, feature=f"feature {rng.randint(1, 14)}")
        elif chance < 0.9:
            yield _track("Content Shared", user, channel=rng.choice(["email", "x", "link"]))


def _answers(back: int, hour: int) -> Iterator[dict[str, Any]]:
    """What some of the people answered when they were asked how satisfied they are."""
    rng = random.Random(f"answers {back} {hour}")
    weights = (1, 2, 4, 4, 2) if back in (8, 9) else (1, 1, 3, 6, 6)
    for score in rng.choices(range(1, 6), weights, k=rng.randint(28, 40)):
        yield _track("CSAT Answered", f"u{rng.randint(0, 260)}", score=score)


def _track(name: str, user: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "userId": user, "properties": properties}


def sheet(shown: View, audience: Audience = PRIVATE, notes: tuple[Note, ...] = NOTES) -> Sheet:
    folding = new_folding()
    days = []
    if shown.reading is not None:
        partitions = list(shown.snapshot.partitions.values())
        shards = list(shown.snapshot.shards.values())
        days = History(folding).read(partitions, shown.reading.as_of, shards)
    return sheet_of(folding, shown, days, notes, audience)


@cache
def page(audience: Audience = PRIVATE) -> str:
    """The page of the made-up company."""
    return render(sheet(view(), audience)).live


def a_note(on: date, **other: Any) -> Note:
    facts: dict[str, Any] = {"date": on, "metric": "conversions", "until": on}
    return Note(**(facts | {"happened": "h", "reason": "r", "response": "p"} | other))
