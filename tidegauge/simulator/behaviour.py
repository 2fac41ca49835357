"""What a person does next: the events of the made-up product and their properties.

Each behaviour is a function of the person and the generator. One that does not fit the person
(paying without a subscription) turns into a view, so every draw gives an event. A few events do
not fit all the same, as in every product: a second start, a cancellation by somebody unknown.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tidegauge.simulator.people import Person, Population
from tidegauge.simulator.record import time_text
from tidegauge.simulator.vocabulary import (
    CHANNELS,
    FEATURES,
    MONTHLY_CENTS,
    ODD_MONEY,
    ODD_RECOMMENDATIONS,
    ODD_SCORES,
    ODD_TIMES,
    OUTLETS,
    PAGES,
    PAID_PLANS,
    REASONS,
    Weighted,
)


class Step(NamedTuple):
    """One event before it has a person, an id and a time; `kind` is Segment's `type`."""

    kind: str
    name: str | None
    properties: dict[str, Any]


def next_step(person: Person, population: Population, rng: random.Random) -> Step:
    """Let the person do something; may change who they are (sign-up) or their plan."""
    if person.user_id is None and rng.random() < SIGN_UP_SHARE:
        population.sign_up(person)
        return Step("track", "Signed Up", {"method": rng.choice(("email", "google", "sso"))})
    if person.has_second_thoughts:
        return _answer_nps(person, rng)
    return _BEHAVIOURS.draw(rng)(person, rng)


def _view(person: Person, rng: random.Random) -> Step:
    name = PAGES.draw(rng)
    path = "/" if name is None else "/" + name.lower().split()[0]
    return Step("screen" if person.mobile else "page", name, {"path": path})


def _use_feature(person: Person, rng: random.Random) -> Step:
    return Step("track", "Feature Used", _given(feature=FEATURES.draw(rng), plan=person.plan))


def _order(person: Person, rng: random.Random) -> Step:
    cents = rng.randrange(299, 25_000)
    properties: dict[str, Any] = {"order_id": f"o{rng.getrandbits(40):010x}"}
    return Step("track", "Order Completed", properties | _money(cents, person.currency, rng))


def _pay(person: Person, rng: random.Random) -> Step:
    if not person.subscribed:
        return _view(person, rng)
    money = _money(MONTHLY_CENTS[person.plan], person.currency, rng)
    failed = rng.random() < FAILED_SHARE
    name = "Payment Failed" if failed else "Payment Succeeded"
    return Step("track", name, {"plan": person.plan, **money})


def _subscribe(person: Person, rng: random.Random) -> Step:
    draw = rng.random()
    if person.user_id is None or (person.subscribed and draw >= CHANGE_SHARE):
        return _view(person, rng)
    if not person.subscribed or draw >= DOUBLE_START_SHARE:
        person.plan = PAID_PLANS.draw(rng)
    return Step("track", "Subscription Started", {"plan": person.plan})


def _cancel(person: Person, rng: random.Random) -> Step:
    known = person.subscribed or (person.user_id and rng.random() < UNKNOWN_SHARE)
    if not known:
        return _view(person, rng)
    # Hand-made tracking calls forget properties.
    plan = None if rng.random() < PLANLESS_SHARE else person.plan
    person.plan = "free"
    return Step("track", "Subscription Cancelled", _given(plan=plan, reason=REASONS.draw(rng)))


def _share_content(_: Person, rng: random.Random) -> Step:
    return Step("track", "Content Shared", _given(channel=CHANNELS.draw(rng), content="article"))


def _share_product(_: Person, rng: random.Random) -> Step:
    properties = _given(share_via=CHANNELS.draw(rng), product_id=f"p{rng.randrange(500)}")
    return Step("track", "Product Shared", properties)


def _mention(_: Person, rng: random.Random) -> Step:
    return Step("track", "Brand Mentioned", _given(channel=OUTLETS.draw(rng)))


def _answer_nps(person: Person, rng: random.Random) -> Step:
    person.has_second_thoughts = rng.random() < SECOND_THOUGHTS_SHARE
    return _answer("NPS Answered", min(10, int(rng.triangular(0, 12, 9))), ODD_RECOMMENDATIONS, rng)


def _answer_csat(_: Person, rng: random.Random) -> Step:
    return _answer("CSAT Answered", min(5, int(rng.triangular(1, 6.5, 5))), ODD_SCORES, rng)


def _answer(name: str, score: object, odd: Weighted[object], rng: random.Random) -> Step:
    if rng.random() < ODD_SCORE_SHARE:
        score = odd.draw(rng)
    return Step("track", name, {} if score is None else {"score": score})


def _identify(person: Person, rng: random.Random) -> Step:
    since = None if person.subscribed_ms is None else time_text(person.subscribed_ms)
    if since and rng.random() < ODD_TIME_SHARE:
        since = ODD_TIMES.draw(rng)
    return Step("identify", None, _given(plan=person.plan, subscribed_at=since))


def _join_group(_: Person, rng: random.Random) -> Step:
    return Step("group", None, {"group": f"g{rng.randrange(900)}"})


def _given(**properties: str | None) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value is not None}


def _money(cents: int, currency: str, rng: random.Random) -> dict[str, Any]:
    # Whole amounts are written without a fraction, as JSON from JavaScript has them.
    amount = cents // 100 if cents % 100 == 0 else cents / 100
    if rng.random() < ODD_MONEY_SHARE:
        revenue, currency = ODD_MONEY.draw(rng)
        return {"revenue": revenue, "currency": currency}
    if currency == "USD" and rng.random() < CURRENCYLESS_SHARE:
        return {"revenue": amount}
    return {"revenue": amount, "currency": currency}


SIGN_UP_SHARE = 0.06
PLANLESS_SHARE = 0.02
CURRENCYLESS_SHARE = 0.1
ODD_SCORE_SHARE = 0.08
ODD_TIME_SHARE = 0.05
ODD_MONEY_SHARE = 0.015
FAILED_SHARE = 0.04
CHANGE_SHARE = 0.3
DOUBLE_START_SHARE = 0.04
UNKNOWN_SHARE = 0.03
SECOND_THOUGHTS_SHARE = 0.2
_BEHAVIOURS: Weighted[Callable[[Person, random.Random], Step]] = Weighted(
    {
        _view: 56,
        _use_feature: 20,
        _order: 4,
        _pay: 4,
        _subscribe: 1.2,
        _cancel: 0.8,
        _share_content: 2.5,
        _share_product: 1.5,
        _mention: 2,
        _answer_nps: 1,
        _answer_csat: 1,
        _identify: 4,
        _join_group: 2,
    }
)
