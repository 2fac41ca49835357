"""Reads the scale of a score from its metric's table in a catalogue."""

from typing import Any

from streams.schema import Field, Problem
from streams.scores import LARGEST_SPAN

MINIMUM = 10
"""Answers below which a score is absent, unless the catalogue says another number."""


def is_integer(value: Any) -> bool:
    """A whole number, also a negative one."""
    return isinstance(value, int) and not isinstance(value, bool)


INTEGER = Field(is_integer, "a whole number")
SCORES = Field(
    lambda x: isinstance(x, list) and bool(x) and all(map(is_integer, x)), "a list of whole numbers"
)
LEAST = Field(lambda x: is_integer(x) and x >= 0, "a whole number of at least 0")
FIELDS = {"lowest": INTEGER, "highest": INTEGER, "good": SCORES, "bad": SCORES, "minimum": LEAST}
"""The keys of a metric's table that are about scores; `minimum` is one of ratios too."""


def read_scale(found: dict[str, Any], where: str, problems: list[Problem]) -> dict[str, Any]:
    """What the table of a score says of its scale; notes what is wrong with it."""
    lowest, highest = found.get("lowest"), found.get("highest")
    good, bad = (tuple(sorted(set(found.get(key, ())))) for key in ("good", "bad"))
    scale = {"good": good, "bad": bad, "minimum": found.get("minimum", MINIMUM)}
    if lowest is None or highest is None:
        return scale  # that one is missing or of another type has been noted
    if not lowest < highest <= lowest + LARGEST_SPAN:
        message = f"must be above `lowest`, by at most {LARGEST_SPAN}, not {highest}"
        problems.append(Problem(f"{where}.highest", message))
    for key, scores in (("good", good), ("bad", bad)):
        outside = [score for score in scores if not lowest <= score <= highest]
        if outside:
            message = f"must be scores from {lowest} to {highest}, not {outside[0]}"
            problems.append(Problem(f"{where}.{key}", message))
    both = sorted(set(good) & set(bad))
    if both:
        problems.append(Problem(f"{where}.bad", f"must not be `good` too, as {both[0]} is"))
    if bad and not good:
        problems.append(Problem(where, "a score with 'bad' needs 'good': it tells good minus bad"))
    return scale
