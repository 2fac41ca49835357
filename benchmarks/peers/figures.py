"""What the rounds come to: medians, ratios with their spread, and whether a ratio fell."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

OURS, CATALOGUE, AIOKAFKA = "tidegauge", "tidegauge_whole_catalogue", "aiokafka"
CEILINGS = (AIOKAFKA, "librdkafka")
LEAST_TOLERANCE = 0.25
"""Of the recorded median: single rounds on one quiet machine were up to 17 % from it."""

Rates = Mapping[str, float]
"""Records a second by who was measured, of one round."""


def ratios(rates: Rates) -> dict[str, float]:
    """Ours divided by theirs; and of the whole catalogue, by reading only."""
    found = {
        f"{name}_ceiling" if name in CEILINGS else name: rates[OURS] / rate
        for name, rate in rates.items()
        if name not in (OURS, CATALOGUE) and OURS in rates
    }
    if CATALOGUE in rates and AIOKAFKA in rates:
        found["whole_catalogue_of_aiokafka"] = rates[CATALOGUE] / rates[AIOKAFKA]
    return found


def spread(rounds: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median, least and most of each name over the rounds it was measured in."""
    names = dict.fromkeys(name for one in rounds for name in one)
    found = {name: [one[name] for one in rounds if name in one] for name in names}
    return {
        name: {
            "median": _rounded(statistics.median(values)),
            "least": _rounded(min(values)),
            "most": _rounded(max(values)),
        }
        for name, values in found.items()
    }


def fallen(found: Mapping[str, float], recorded: Mapping[str, Any]) -> Iterator[str]:
    """Say which ratio fell below what was recorded by more than its spread explains.

    The lowest that passes lies as far below the least that was recorded as the most lies above it,
    and a quarter below the median where the rounds were closer together than that.
    """
    for name, was in recorded.items():
        if name not in found:
            continue
        least, most, median = was["least"], was["most"], was["median"]
        lowest = min(least - (most - least), median * (1 - LEAST_TOLERANCE))
        if found[name] < lowest:
            yield (
                f"{name}: the ratio is {found[name]:.3g}; it was {median:.3g} "
                f"({least:.3g} to {most:.3g}), and {lowest:.3g} would do"
            )


def better(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The higher of each ratio of two runs: what fell did so in both."""
    return {name: max(one.get(name, 0.0), other.get(name, 0.0)) for name in one.keys() | other}


def different(counts: Mapping[str, int], truth: Mapping[str, int]) -> Iterator[str]:
    """Say which counts are not those of the truth, a line each."""
    for name in sorted(counts.keys() | truth.keys()):
        if counts.get(name, 0) != truth.get(name, 0):
            yield f"{name}: {counts.get(name)}, true {truth.get(name)}"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
