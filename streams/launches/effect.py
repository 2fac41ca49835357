"""What a launch came to for one metric, beside what the same hours of past weeks let expect."""

from typing import Literal, NamedTuple

from streams.series import Pairs

Role = Literal["goal", "guardrail"]


class Effect(NamedTuple):
    """Since the launch began; with 95 % of confidence seen / expected - 1 is in the interval."""

    metric: str
    labels: Pairs
    role: Role
    seen: float
    expected: float
    lower: float
    upper: float

    @property
    def ratio(self) -> float:
        """How much more than expected was seen, relative."""
        return self.seen / self.expected - 1
