"""What a launch came to: each of its metrics since it began, beside the same hours of past weeks.

In its first week whole hours are compared. After that, or when these hours are kept no longer,
whole local days are; and days before it only while there are no weeks. Nothing is said of less than
one hour, nor of a stretch of which something was lost or put together as `__other__`.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from streams.baselines.baseline import Baseline
from streams.baselines.change import Change
from streams.baselines.surprise import Expected
from streams.catalogue import OTHER, Metric
from streams.launches.asked import Asked, can_ask
from streams.launches.effect import Effect, Role
from streams.launches.launch import Launch
from streams.panes import DAY, HOUR, KEPT, Grain, Pane
from streams.past import NOTHING, Past
from streams.routing import Labels
from streams.series import Pairs, some_of

LONGEST_BY_HOURS = 7 * DAY
DAYS_BEFORE = 42
"""So many days are looked at before as many as the launch has had: four weeks, and their levels."""


def compare(past: Past, launch: Launch, instant: int) -> list[Effect]:
    """What can be said at an instant, in milliseconds; `past` has taken the partitions."""
    end = min(instant, launch.end or instant)
    hours, days = _hours(launch, end), _days(past, launch, end)
    by_weeks = [_Stretch(past, panes, is_by_weeks=True) for panes in (hours, days)]
    ways = [*by_weeks, _Stretch(past, hours, is_by_weeks=False)]
    return [effect for role, texts in launch.asked for effect in _effects(texts, role, ways)]


def _effects(texts: Sequence[str], role: Role, ways: Sequence["_Stretch"]) -> Iterator[Effect]:
    for asked in can_ask(ways[0].past.folding.catalogue, texts):
        changes = (way.change(asked) for way in ways)
        change = next((one for one in changes if one is not None), None)
        if change is not None:
            _, lower, upper = change.interval()
            yield Effect(
                asked.metric, asked.labels, role, change.seen, change.expected, lower, upper
            )


def _hours(launch: Launch, end: int) -> list[Pane]:
    """The whole hours of a launch; none where it is too long for these."""
    if end - launch.start > LONGEST_BY_HOURS:
        return []
    begin = launch.start + -launch.start % HOUR
    return [Pane(Grain.HOUR, start) for start in range(begin, end - HOUR + 1, HOUR)]


def _days(past: Past, launch: Launch, end: int) -> list[Pane]:
    """Its whole local days; none where these are kept no longer."""
    if end - launch.start > KEPT[Grain.DAY]:
        return []
    calendar, count = past.folding.calendar, (end - launch.start) // DAY + 2
    days = reversed(list(calendar.days_back(end, count)))
    return [day for day in days if launch.start <= day.start and calendar.end(day) <= end]


class _Stretch(NamedTuple):
    """Panes of a launch, and what they are compared with."""

    past: Past
    panes: Sequence[Pane]
    is_by_weeks: bool

    def change(self, asked: Asked) -> Change | None:
        """How a metric has changed; None where that cannot be said."""
        metrics = self.past.folding.catalogue.metrics
        metric = metrics[asked.metric]
        if not self.panes or not self.past.is_whole(self.panes):
            return None
        if metric.kind != "ratio":
            return self._counted(metric, asked.labels)
        whole = metrics[metric.denominator]
        above = self._counted(metrics[metric.numerator], asked.labels)
        below = self._counted(whole, some_of(asked.labels, whole.labels))
        return above.over(below) if above and below and below.seen else None

    def _counted(self, metric: Metric, labels: Pairs) -> Change | None:
        """What was counted with these labels, all others together."""
        before = self._before(metric)
        asked = "change", metric.name, labels, self.panes[0], len(self.panes), self.is_by_weeks
        return self.past.recall(
            asked, [*before, *self.panes], lambda: self._read(metric, labels, before)
        )

    def _read(self, metric: Metric, labels: Pairs, before: Sequence[Pane]) -> Change | None:
        names, values = (tuple(one) for one in zip(*labels, strict=True)) if labels else ((), ())
        known = self.past.series(metric, names, before).get(values)
        found = self.past.of(metric, names, self.panes)
        if known is None or self._is_mixed(names, found):
            return None
        expected = self._expected(Baseline(known, self.past.folding.calendar))
        seen = found.get(values, NOTHING)
        return None if expected is None else Change.of(seen.value, expected, seen.error)

    def _expected(self, baseline: Baseline) -> Expected | None:
        begin, end = self.panes[0].start, self.past.folding.calendar.end(self.panes[-1])
        return (baseline.of_weeks if self.is_by_weeks else baseline.of_days)(begin, end)

    def _is_mixed(self, names: Sequence[str], found: Iterable[Labels]) -> bool:
        """Whether a limit may have put what is asked about together with others."""
        labels = self.past.folding.catalogue.labels
        columns = [column for column, name in enumerate(names) if not labels[name].values]
        return any(one[column] == OTHER for one in found for column in columns)

    def _before(self, metric: Metric) -> Sequence[Pane]:
        """The panes before the first of the launch."""
        begin = self.panes[0].start
        if self.panes[0].grain is Grain.HOUR:
            return self.past.hours(metric, begin)
        return self.past.days(metric, begin, len(self.panes) + DAYS_BEFORE)
