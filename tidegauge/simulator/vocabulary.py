"""The words of the made-up product, each with its weight.

A few values are outside the closed label sets or the scale of a survey, and `None` stands for a
property left out, so that `__other__`, `__none__` and skipped values are met too.
"""

import bisect
import itertools
import random
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class Weighted(Generic[T]):
    """Draws values in proportion to their weights."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self.values = tuple(weights)
        self._bounds = tuple(itertools.accumulate(weights.values()))

    def draw(self, rng: random.Random) -> T:
        """Return one value; uses one number of the generator."""
        return self.values[bisect.bisect(self._bounds, rng.random() * self._bounds[-1])]


PAGES: Weighted[str | None] = Weighted(
    {
        "Home": 22,
        "Product": 18,
        "Search": 11,
        "Pricing": 8,
        "Dashboard": 15,
        "Reports": 7,
        "Cart": 5,
        "Checkout": 3,
        "Settings": 4,
        "Docs": 4,
        "Über uns": 1,
        'What is "live"?': 1,
        None: 1,
    }
)
FEATURES: Weighted[str | None] = Weighted(
    {
        "export": 20,
        "search": 18,
        "dashboard": 16,
        "alerts": 11,
        "comments": 10,
        "api_key": 6,
        "bulk_edit": 5,
        "dark_mode": 4,
        "sso": 2,
        None: 1,
    }
)
CHANNELS: Weighted[str | None] = Weighted(
    {
        "email": 20,
        "link": 18,
        "whatsapp": 16,
        "x": 10,
        "facebook": 9,
        "linkedin": 9,
        "instagram": 7,
        "reddit": 5,
        "tiktok": 3,
        None: 2,
    }
)
OUTLETS: Weighted[str | None] = Weighted(
    {"x": 25, "reddit": 20, "blog": 20, "press": 12, "linkedin": 12, "forum": 6, None: 2}
)
REASONS: Weighted[str | None] = Weighted(
    {
        "too_expensive": 30,
        "missing_features": 20,
        "switched_product": 15,
        "not_using": 15,
        "support": 8,
        "closed_business": 5,
        None: 7,
    }
)
ODD_SCORES: Weighted[object] = Weighted(
    {4.0: 3, 0: 2, 6: 2, 10: 2, 4.5: 2, "5": 2, "great": 2, None: 2}
)
"""What arrives instead of an answer from 1 to 5; 4.0 is one, the others count nowhere."""
ODD_RECOMMENDATIONS: Weighted[object] = Weighted(
    {9.0: 3, 6.0: 2, 11: 2, -1: 2, 7.5: 2, "9": 2, "likely": 2, None: 2}
)
"""What arrives instead of an answer from 0 to 10; 9.0 and 6.0 are some."""
ODD_MONEY: Weighted[tuple[object, str]] = Weighted(
    {
        (-12.5, "EUR"): 3,
        ("19.90", "USD"): 3,
        (None, "GBP"): 2,
        (2_000_000_000, "USD"): 2,
        (49, "BTC"): 2,
        (0, "EUR"): 3,
    }
)
"""What arrives instead of a price and its currency; 0 is one, the others count nowhere."""
ODD_TIMES: Weighted[str] = Weighted(
    {"last spring": 2, "2099-01-01T00:00:00.000Z": 1, "1970-01-01T00:00:00.000Z": 2}
)
"""What arrives instead of the time somebody subscribed; none of them can be."""
CURRENCIES: Weighted[str] = Weighted({"USD": 60, "EUR": 30, "GBP": 10})
PAID_PLANS: Weighted[str] = Weighted({"starter": 60, "pro": 30, "enterprise": 7, "legacy": 3})
MONTHLY_CENTS = {"starter": 900, "pro": 2900, "enterprise": 19900, "legacy": 500}
BROWSERS: Weighted[str] = Weighted(
    {
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/138.0.0.0 Safari/537.36": 50,
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605.1.15": 25,
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0": 15,
        "Mozilla/5.0 (Linux; Android 10; K) Chrome/138.0.0.0 Mobile Safari/537.36": 10,
    }
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
