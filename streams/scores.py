"""Scores: which number of an event is one, and what the counts of each score come to.

A score is a whole number between the metric's lowest and highest one. What is none is left out of
the metric and counted under its reason; it is never rounded, moved into the scale or guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streams.catalogue import Metric

PARTS = {
    "ratio": "Share, 0 to 1, of the answers whose score is good ({good})",
    "average": "Mean of the scores, each {lowest} to {highest}",
    "responses": "Answers with a score from {lowest} to {highest}",
    "score": "Percentage of good answers ({good}) minus that of bad ones ({bad}), -100 to 100",
}
"""What each gauge of a score says."""
RESPONSES = "responses"
"""The part that is the number of those who answered; the other parts rest on it."""
LARGEST_SPAN = 100
"""Most steps from the lowest to the highest score: one count more than that may be kept for each
label set, pane and partition."""


class ScoreReader:
    """Reads the score of an event; the text it gives otherwise is the reason there is none."""

    def __init__(self, path: str, lowest: int, highest: int, paths: Sequence[str]) -> None:
        self._index = paths.index(path)
        self._lowest, self._highest = lowest, highest

    def read(self, values: tuple[Any, ...]) -> str | int:
        """The score; 4.0 is 4, as JSON knows one kind of number only."""
        raw = values[self._index]
        if raw is None:
            return "no_value"
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return "not_a_number"
        if not self._lowest <= raw <= self._highest:
            return "out_of_range"  # infinity and NaN too
        score = int(raw)
        return score if score == raw else "not_whole"


def told(metric: Metric, counts: Mapping[int, int]) -> Iterator[tuple[str, float]]:
    """The value of each gauge, by its part of `Metric.parts`.

    Fewer than `minimum` answers make no ratio, average or net score: one answer would move them
    too far. How many there are is always told.
    """
    total = sum(counts.values())
    values: dict[str, float] = {RESPONSES: total}
    if total and total >= metric.minimum:
        good, bad = (sum(counts.get(s, 0) for s in held) for held in (metric.good, metric.bad))
        values["ratio"] = good / total
        values["average"] = sum(score * count for score, count in counts.items()) / total
        values["score"] = 100 * (good - bad) / total
    for part in metric.parts:
        if part in values:
            yield part, values[part]


def groups(values: Mapping[str, float]) -> Iterator[float]:
    """The sizes of the groups of answers that a score's values, by part, tell of.

    All answers, and where there is a share or a net score, which of them are good and not good, or
    bad and neither: a share of 90 % among 10 tells of one that is not good.
    """
    total = values[RESPONSES]
    yield total
    good = round(values.get("ratio", 0) * total)
    if "ratio" in values:
        yield from (good, total - good)
    if "score" in values:
        bad = round(good - values["score"] * total / 100)
        yield from (bad, total - good - bad)


def explain(metric: Metric, part: str) -> str:
    """What a gauge of a score says, in a sentence without its full stop."""
    facts = {name: ", ".join(map(str, getattr(metric, name))) for name in ("good", "bad")}
    sentence = PARTS[part].format(lowest=metric.lowest, highest=metric.highest, **facts)
    if part == RESPONSES or metric.minimum <= 1:
        return sentence
    return f"{sentence}; absent while there are fewer than {metric.minimum} answers"
