"""What a panel says of a metric, from the catalogue."""

from collections.abc import Iterable

from exporters.collector import describe
from exporters.families import beside
from exporters.page.wording import MONEY, SHARES
from streams.catalogue import PREFIX, Metric

DIRECTIONS = {"up": "More is better. ", "down": "Less is better. ", "neutral": ""}
WHOLE_NUMBERS = "short"
SHARE, SECONDS = "percentunit", "s"
HELP = {f.name.removeprefix(PREFIX): f.documentation for f in beside()}
"""What is exported beside the metrics, by name without the prefix and `_total`."""


def short_name(metric: Metric, part: str = "") -> str:
    """Name of its gauge, without the prefix."""
    return metric.gauge_name(part).removeprefix(PREFIX)


def title(metric: Metric, part: str = "") -> str:
    """Its title, with the part of a score."""
    return f"{metric.title}: {part}" if part else metric.title


def description(metric: Metric, part: str = "") -> str:
    """Definition, formula, which direction is good, and known limits."""
    more = f"{DIRECTIONS[metric.direction]}{metric.limits}".strip()
    return f"{describe(metric, part)}\n\n{more}".strip()


def unit(metric: Metric, part: str = "") -> str:
    """Grafana's name of its unit; money has none, since its currency is a label."""
    if metric.gauge_name(part).endswith(SHARES):
        return SHARE
    if metric.unit == "seconds":
        return SECONDS
    return "locale" if metric.unit == MONEY else WHOLE_NUMBERS


def legend(metric: Metric, matchers: Iterable[str] = ()) -> str:
    """What its series are called: the labels that tell them apart."""
    fixed = {matcher.partition("=")[0] for matcher in matchers}
    labels = [f"{{{{{label}}}}}" for label in metric.gauge_labels if label not in fixed]
    return " ".join(labels) or metric.title
