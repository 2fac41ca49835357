"""A curve: what something costs while one thing is turned up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Point = Mapping[str, float]
"""Named numbers, each name ending with its unit; that of x is among them."""


@dataclass(frozen=True)
class Bound:
    """What a number must keep."""

    number: str
    most: float | None = None
    least: float | None = None
    at: float | None = None
    """The x of which it is asked; of every one if not given."""

    def is_kept(self, x: str, points: Iterable[Point]) -> bool:
        """Whether it is kept; what was not measured keeps nothing."""
        values = [point[self.number] for point in points if self.at in (None, point[x])]
        return bool(values) and all(map(self._allows, values))

    def _allows(self, value: float) -> bool:
        return (self.most is None or value <= self.most) and (
            self.least is None or value >= self.least
        )


@dataclass(frozen=True)
class Curve:
    """One curve as it was measured."""

    name: str
    title: str
    """What it shows, for a reader."""
    x: str
    """What is turned up, with its unit."""
    points: Sequence[Point]
    drawn: Sequence[str]
    """The numbers that the chart shows, four at most, of one unit."""
    bounds: Sequence[Bound] = ()
    words: str = ""
    """Under which conditions it was measured, and what its numbers mean: sentences."""

    @property
    def is_within(self) -> bool:
        """Whether every bound is kept."""
        return all(bound.is_kept(self.x, self.points) for bound in self.bounds)

    def figures(self) -> dict[str, Any]:
        """What `of` takes, and whether it is within its bounds; for JSON."""
        return asdict(self) | {"within": self.is_within}

    @classmethod
    def of(cls, figures: Mapping[str, Any]) -> "Curve":
        """A curve that was written down."""
        told = {name: figures[name] for name in cls.__annotations__}
        return cls(**told | {"bounds": [Bound(**one) for one in figures["bounds"]]})
