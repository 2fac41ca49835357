"""Numbers, dates and states in words for people."""

from datetime import date, datetime

from streams.catalogue import Metric
from streams.figures import Figure, is_own_size
from streams.panes import SECOND, Calendar
from streams.persons.measures import MEASURES
from streams.series import Pairs

WHOLE_CURRENCIES = frozenset(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
        *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    )
)
"""Money without hundredths (ISO 4217)."""
CURRENCY, MONEY = "currency", "currency units"
SHARES = ("_ratio", "_per_interaction")
"""Endings of the names of numbers that are parts of a whole; what is per something else may be
above 1."""
WINDOW_TITLES = {
    "5m": "Last 5 minutes",
    "1h": "Last hour",
    "24h": "Last 24 hours",
    "today": "Today so far",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    None: "In all",
}
LAST_DAY, NOW = "The last whole day", "Now"
COMPLETE = {True: "complete", False: "not complete"}
KINDS = {
    "count": "Counted exactly",
    "sum": "Added up exactly, in millionths",
    "distinct": "Exact up to about 4,000 people, estimated above",
    "score": "Every answer counted exactly",
    "persons": "Worked out exactly from what is known of each person",
    "ratio": "As exact as what it is made of",
}
DAYS_EXACT = "Exact for whole days; for shorter windows up to about 4,000 people, estimated above"
PARTS = {"average": "average", "score": "net score"}
"""What is said of a part that stands beside another."""
DIRECTIONS = {
    "up": "↑ More is better",
    "down": "↓ Less is better",
    "neutral": "Neither more nor less is better",
}
STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def window(metric: Metric, name: str | None) -> str:
    """Title of a window of a metric; None is what has no window."""
    if name is None and metric.kind == "persons":
        return LAST_DAY if MEASURES[metric.measure].is_of_last_day else NOW
    return WINDOW_TITLES[name]


def exactness(metric: Metric) -> str:
    """How exact it is."""
    return DAYS_EXACT if metric.kind == "distinct" and metric.measure else KINDS[metric.kind]


def number(metric: Metric, value: float, labels: Pairs = (), part: str = "") -> str:
    """A value of a metric's part, the main one if none is given, with its unit."""
    part = part or metric.main_part
    is_share = metric.kind == "ratio" and "_per_" not in metric.name
    if part == "ratio" or is_share or metric.name.endswith(SHARES):
        return f"{value:.1%}" if abs(value) >= 0.1 else f"{value:.2%}"  # noqa: PLR2004
    if metric.unit == "seconds":
        return duration(value)
    currency = dict(labels).get(CURRENCY)
    if currency is not None and metric.unit == MONEY:
        return f"{value:,.{0 if currency in WHOLE_CURRENCIES else 2}f} {currency}"
    is_whole = part != "average" and metric.kind not in ("sum", "ratio") and not value % 1
    text = f"{value:,.0f}" if is_whole else f"{value:,.2f}"
    if part == "score":
        text = f"{round(value):+d}" if round(value) else "0"
    return text.replace("-", "−")  # noqa: RUF001 - a minus sign


def duration(seconds: float) -> str:
    """Seconds as `2 h 5 min`, the two largest units that are there."""
    if seconds < 10:  # noqa: PLR2004
        return f"{seconds:.1f} s"
    left, parts = round(seconds), list[str]()
    for size, unit in STEPS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(part for part in parts[:2] if part)


def rests_on(metric: Metric, figure: Figure) -> str:
    """What stands beside a number, its n where it is another one, and the error of an estimate."""
    parts = [f"{PARTS[part]} {number(metric, value, part=part)}" for part, value in figure.beside]
    if figure.n is not None and not is_own_size(metric):
        parts.append(f"n = {figure.n:,.0f}")
    if figure.error:
        error = round(figure.error) if metric.kind == "distinct" else figure.error
        parts.append(f"± {number(metric, error)}")
    return ", ".join(parts)


def too_few(metric: Metric) -> str:
    """Why there is no number though some may have answered."""
    return f"fewer than {metric.minimum:,} answers" if metric.minimum > 1 else "no answers"


def values_of(labels: Pairs) -> str:
    """Label values as one text; the names of the labels stand elsewhere."""
    words = {"__other__": "all others", "__none__": "not told"}
    return ", ".join(words.get(value, value) for _, value in labels)


def day(when: date) -> str:
    """A day without its year: `3 Nov`."""
    return f"{when.day} {when:%b}"


class Moment:
    """An instant for a `<time>`: the machine's form and a person's."""

    def __init__(self, time: int, calendar: Calendar) -> None:
        self._at = datetime.fromtimestamp(time // SECOND, calendar.zone)
        self.machine = self._at.isoformat()
        self.clock = f"{self._at:%H:%M:%S}"
        self.full = f"{self._at:%Y-%m-%d %H:%M:%S %Z}"
