"""What an accepted event says, one row each: read by the standard library alone.

The lists are written out once more, so that a change of the catalogue is noticed here.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple, get_args, get_type_hints
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000
GOALS = {"Signed Up": "signup", "Order Completed": "order", "Subscription Started": "subscription"}
PASSIVE = {
    *("Subscription Cancelled", "Subscribers Declared", "Payment Succeeded", "Payment Failed"),
    *("NPS Answered", "CSAT Answered", "CES Answered", "Brand Mentioned"),
    *("Launch Started", "Launch Ended", "Person Forgotten"),
}
PLANS = ("free", "starter", "pro", "enterprise")
CHANNELS = (
    *("email", "link", "whatsapp", "x", "facebook"),
    *("linkedin", "instagram", "reddit", "blog", "press"),
)
CURRENCIES = frozenset(
    """
    AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK DOP EGP EUR GBP GEL GHS HKD HUF IDR
    ILS INR ISK JOD JPY KES KRW KWD KZT LKR MAD MXN MYR NGN NOK NZD OMR PEN PHP PKR PLN QAR RON RSD
    SAR SEK SGD THB TND TRY TWD UAH USD UYU VND ZAR
    """.split()  # noqa: SIM905 - sixty quotes would hide the codes
)
NONE, OTHER = "__none__", "__other__"


class Accepted(NamedTuple):
    """An event that counts, and its time in milliseconds."""

    time: int
    event: Mapping[str, Any]


class Row(NamedTuple):
    """What an event says; None where it says nothing."""

    kind: str
    name: str
    person: str
    time: int
    day: int
    """Local day of the time, as `datetime.date.toordinal` counts."""
    is_active: bool
    goal: str | None
    page: str
    feature: str
    plan: str
    reason: str
    channel: str
    currency: str | None
    micro_units: int | None
    nps: int | None
    csat: int | None
    told_plan: str | None
    """Plan by an identify that also tells since when,"""
    since: int | None
    """which this is; or the time from which all subscribers are declared."""
    since_day: int | None
    forgets: str | None
    """Who is to be forgotten."""


Whom = Callable[[Any], str | None]
"""The person that is meant by what an event to forget somebody says."""
TYPES = {str: "varchar", int: "bigint", bool: "boolean"}


def columns(row: type) -> str:
    """Names and SQL types of the fields of a named tuple."""
    hints = get_type_hints(row).items()
    return ", ".join(f'"{name}" {TYPES[_plain(hint)]}' for name, hint in hints)


def _plain(hint: Any) -> Any:
    """The type beside None."""
    return next((kind for kind in get_args(hint) if kind is not type(None)), hint)


def rows(accepted: Iterable[Accepted], zone: ZoneInfo, whom: Whom) -> list[Row]:
    """A row for every event."""
    return [_row(time, event, zone, whom) for time, event in accepted]


def local_day(time: int, zone: ZoneInfo) -> int:
    """The local day of a time."""
    return local_date(time, zone).toordinal()


def local_date(time: int, zone: ZoneInfo) -> date:
    """The same as a date."""
    return (EPOCH + timedelta(milliseconds=time)).astimezone(zone).date()


def milliseconds(text: Any) -> int | None:
    """Time of an ISO-8601 text with a zone, from 2000 to 2099; None for anything else."""
    try:
        time = (datetime.fromisoformat(text) - EPOCH) // timedelta(milliseconds=1)
    except (TypeError, ValueError):
        return None
    return time if 2000 <= (EPOCH + timedelta(milliseconds=time)).year < 2100 else None


def _row(time: int, event: Mapping[str, Any], zone: ZoneInfo, whom: Whom) -> Row:
    kind, name = event["type"], event.get("event") or ""
    said = event.get("properties") or {}
    user = event.get("userId")
    told_plan, since = _subscription(time, event)
    return Row(
        kind=kind,
        name=name if kind == "track" else "",
        person=str(event["anonymousId"] if user in (None, "") else user),
        time=time,
        day=local_day(time, zone),
        is_active=_is_active(kind, name),
        goal=GOALS.get(name) if kind == "track" else None,
        page=label(event.get("name")),
        feature=label(said.get("feature")),
        plan=label(said.get("plan"), PLANS),
        reason=label(said.get("reason")),
        channel=label(_first(said.get("channel"), said.get("share_via")), CHANNELS),
        currency=_currency(said.get("currency")),
        micro_units=_micro_units(said.get("revenue")),
        nps=_score(said.get("score"), 0, 10),
        csat=_score(said.get("score"), 1, 5),
        told_plan=told_plan,
        since=since,
        since_day=None if since is None else local_day(since, zone),
        forgets=whom(said.get("forgotten_person")) if name == "Person Forgotten" else None,
    )


def _is_active(kind: str, name: str) -> bool:
    if kind == "track":
        return name in GOALS or name not in PASSIVE
    return kind in ("page", "screen")


def label(value: Any, closed: Collection[str] = ()) -> str:
    """The value of a label."""
    if value in (None, ""):
        return NONE
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str | int | float):
        kept = (c for c in str(value) if unicodedata.category(c) not in ("Cc", "Zl", "Zp", "Cs"))
        text = unicodedata.normalize("NFC", "".join(kept)).strip()[:100]
    else:
        return OTHER
    if closed:
        return text if text in closed else OTHER
    return OTHER if "@" in text or "://" in text else text or NONE


def _first(*values: Any) -> Any:
    return next((value for value in values if value not in (None, "")), None)


def _currency(value: Any) -> str | None:
    found = "USD" if value in (None, "") else label(value, CURRENCIES)
    return None if found == OTHER else found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _micro_units(value: Any) -> int | None:
    return round(value * 1_000_000) if _is_number(value) and 0 <= value <= 1_000_000_000 else None


def _score(value: Any, lowest: int, highest: int) -> int | None:
    return int(value) if _is_number(value) and value in range(lowest, highest + 1) else None


def _subscription(time: int, event: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Plan and since when, of an identify that tells both or of a declaration."""
    if event["type"] == "identify":
        traits = event.get("traits") or {}
        plan, since = traits.get("plan"), milliseconds(traits.get("subscribed_at"))
        if plan in (None, "") or since is None or since > time + 10 * MINUTE:
            return None, None
        return label(plan, PLANS), since
    if event["type"] == "track" and event.get("event") == "Subscribers Declared":
        return None, milliseconds((event.get("properties") or {}).get("since"))
    return None, None
