"""Which features people take up."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet

from tidegauge.simulator.calendar import DAY_WINDOWS, Calendar
from tidegauge.simulator.exposition import in_window
from tidegauge.simulator.record import Key, Told


def features(
    told: Collection[Told],
    active: Mapping[int, AbstractSet[str]],
    calendar: Calendar,
    as_of_ms: int,
) -> Iterator[tuple[Key, float]]:
    """Yield who used each feature, and their share of the active; `active` by day's number."""
    for window in DAY_WINDOWS:
        days = calendar.days(window, as_of_ms)
        users: dict[str, set[str]] = {}
        for time_ms, feature, person in told:
            if calendar.day(time_ms) in days:
                users.setdefault(feature, set()).add(person)
        everybody = set().union(*(active.get(day, ()) for day in days))
        for feature, people in sorted(users.items()):
            labels = in_window((("feature", feature),), window)
            yield ("feature_users", labels), len(people)
            if everybody:
                yield ("feature_adoption_ratio", labels), len(people) / len(everybody)
