"""From which value on a number is good, to be watched or bad, as colours and in words."""

from typing import NamedTuple

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

GOOD, WATCH, BAD, PLAIN = "green", "orange", "red", "text"
UNKNOWN = "#6e6e6e"
"""The ground of what nothing can be said of."""


class Scale(NamedTuple):
    """Colours, each from its number on; the first is that of everything below the second."""

    first: str = PLAIN
    others: tuple[tuple[float, str], ...] = ()

    def words(self) -> str:
        """What the colours say; empty where there is but one."""
        steps = (f"{color} from {start:g} on" for start, color in self.others)
        return f"Colours: {self.first}, {', '.join(steps)}." if self.others else ""

    def thresholds(self) -> dashboard.ThresholdsConfig:
        """The same for Grafana."""
        steps = [
            models.Threshold(value=None, color=self.first),
            *(models.Threshold(value=start, color=color) for start, color in self.others),
        ]
        return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


NO_SCALE = Scale()
NONE_IS_GOOD = Scale(GOOD, ((1, BAD),))


def less_is_better(watch: float, bad: float) -> Scale:
    """Good below `watch`, bad from `bad` on."""
    return Scale(GOOD, ((watch, WATCH), (bad, BAD)))


def more_is_better(watch: float, good: float) -> Scale:
    """Bad below `watch`, good from `good` on."""
    return Scale(BAD, ((watch, WATCH), (good, GOOD)))


def states(words: dict[int, tuple[str, str]]) -> list[models.ValueMapping]:
    """Text and colour of each value of a gauge that tells a state."""
    results = {
        str(value): models.ValueMappingResult(text=text, color=color, index=place)
        for place, (value, (text, color)) in enumerate(words.items())
    }
    return [models.ValueMap(options=results)]
