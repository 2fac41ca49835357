"""What made-up events say: of every metric, often of an odd type or outside a list."""

import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

MINUTE = 60_000
DAY = 24 * 60 * MINUTE
PLANS = ("free", "starter", "pro", "pro", "enterprise", " pro ", "gold", "Pro", 7)
FEATURES = (
    "export",
    "search",
    "share",
    "import",
    "report",
    "api",
    " api",
    "",
    None,
    True,
    4.5,
    [1],
)
CHANNELS = ("email", "blog", "press", "x", "pigeon", "", None, {"a": 1})
REASONS = ("price", "missing feature", "  ", "a\x00b", "é", "e\u0301", "ask ada@a.example", None)
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY", "BHD", "eur", "XYZ", "", None, 978, ["EUR"])
PRICES = (0, 0.1, 1 / 3, 9.99, 20)
ODD_PRICES = (1e9, -1, 1e9 + 1, 1e300, "20", None, True, [20])
SCORES = (*range(11), *(4, 5, 9, 10) * 4, 9.0, 4.5, -1, 11, 10**25, "9", None, True, [9])
UNREADABLE = ("soon", "", 7, None, "2026-03-01", "1999-12-31T00:00:00Z", "2100-01-01T00:00:00Z")
NAMES = {
    "Signed Up": 1,
    "Order Completed": 5,
    "Payment Succeeded": 4,
    "Payment Failed": 2,
    "Subscription Started": 4,
    "Subscription Cancelled": 4,
    "Feature Used": 8,
    "NPS Answered": 6,
    "CSAT Answered": 6,
    "CES Answered": 1,
    "Content Shared": 1,
    "Product Shared": 1,
    "Brand Mentioned": 1,
    "Launch Started": 1,
    "Something Else": 1,
}


def iso(time: int, hours: int = 0) -> str:
    """ISO-8601 of milliseconds, written in a zone so many hours from UTC."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time)
    text = moment.astimezone(timezone(timedelta(hours=hours))).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


class Content:
    """Draws what events say."""

    def __init__(self, rng: random.Random, declares: bool) -> None:  # noqa: FBT001
        self.rng, self.declares = rng, declares

    def of(self, time: int, known_since: int) -> dict[str, Any]:
        """What an event of that time says, of somebody nobody knew before `known_since`."""
        roll = self.rng.random()
        if roll < 0.25:
            return self._page()
        if roll < 0.30:
            return {"type": self.rng.choice(("screen", "group"))}
        if roll < 0.42:
            return self._identify(time, known_since)
        if roll < 0.43 and self.declares:
            return self._declared(time)
        (name,) = self.rng.choices(list(NAMES), list(NAMES.values()))
        return {"type": "track", "event": name, "properties": self._properties()}

    def _page(self) -> dict[str, Any]:
        name = self.rng.choice(
            ("Home", "Pricing", "Help", " Help ", "https://a.example/?id=7", "", None)
        )
        return {"type": "page", "name": name, "properties": self.rng.choice((None, {}))}

    def _properties(self) -> dict[str, Any] | None:
        if self.rng.random() < 1 / 40:
            return None
        choice = self.rng.choice
        said = {
            "plan": choice((*PLANS, "", None, ["pro"])),
            "reason": choice(REASONS),
            "feature": choice(FEATURES),
            choice(("channel", "share_via")): choice(CHANNELS),
            "currency": choice(CURRENCIES),
            "revenue": choice(ODD_PRICES if self.rng.random() < 1 / 6 else PRICES),
            "score": choice(SCORES),
        }
        return {name: value for name, value in said.items() if self.rng.random() < 0.97}

    def _identify(self, time: int, known_since: int) -> dict[str, Any]:
        choice, limit = self.rng.choice, 10 * MINUTE
        lately = choice((0, -1, limit, limit + 1, 5 * DAY, -round(self.rng.random() * DAY)))
        since = max(known_since, time + lately)
        back = round(self.rng.random() * choice((3, 40, 100, 4000)) * DAY)
        long_ago = max(known_since, time - back)
        traits = {
            "email": "a@example.com",
            "plan": choice((*PLANS, *PLANS, "", None)),
            "subscribed_at": choice(
                (iso(since), iso(long_ago), iso(long_ago, 3), choice(UNREADABLE))
            ),
        }
        told = {name: value for name, value in traits.items() if self.rng.random() < 0.8}
        return {"type": "identify", "traits": choice((told, told, told, told, {}, None))}

    def _declared(self, time: int) -> dict[str, Any]:
        since = time - round(self.rng.random() * self.rng.choice((1, 10, 60)) * DAY)
        said = self.rng.choice((iso(since), iso(since), self.rng.choice(UNREADABLE)))
        return {
            "type": "track",
            "event": "Subscribers Declared",
            "properties": self.rng.choice(({"since": said}, {})),
        }
