"""What a launch came to: each of its metrics since it began, beside the same hours of past weeks.

In its first week whole hours are compared. After that, or when these hours are kept no longer,
whole local days are. Nothing is said of less than one, or of a stretch of which something was lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from streams.baselines.baseline import Baseline, Series
from streams.baselines.change import Change
from streams.catalogue import Metric
from streams.launches.asked import Asked, can_ask
from streams.launches.effect import Effect, Role
from streams.launches.launch import Launch
from streams.panes import DAY, HOUR, KEPT, Grain, Pane
from streams.past import Past
from streams.routing import Labels
from streams.series import Pairs, some_of

LONGEST_BY_HOURS = 7 * DAY
DAYS_BEFORE = 42
"""So many days are looked at before as many as the launch has had: four weeks, and their levels."""


def compare(past: Past, launch: Launch, instant: int) -> list[Effect]:
    """What can be said at an instant, in milliseconds; `past` has taken the partitions."""
    comparison = _Comparison(past, launch, min(instant, launch.end or instant))
    return [*comparison.effects("goal"), *comparison.effects("guardrail")]


class _Comparison(NamedTuple):
    past: Past
    launch: Launch
    end: int

    def effects(self, role: Role) -> Iterator[Effect]:
        """Of the metrics in one role."""
        texts = self.launch.metrics if role == "goal" else self.launch.guardrails
        for asked in can_ask(self.past.folding.catalogue, texts):
            change = self._change(asked, self._hours()) or self._change(asked, self._days())
            if change is not None:
                _, lower, upper = change.interval()
                yield Effect(
                    asked.metric, asked.labels, role, change.seen, change.expected, lower, upper
                )

    def _hours(self) -> list[Pane]:
        """The whole hours of the launch; none where it is too long for these."""
        if self.end - self.launch.start > LONGEST_BY_HOURS:
            return []
        begin = self.launch.start + -self.launch.start % HOUR
        return [Pane(Grain.HOUR, start) for start in range(begin, self.end - HOUR + 1, HOUR)]

    def _days(self) -> list[Pane]:
        """Its whole local days; none where these are kept no longer."""
        if self.end - self.launch.start > KEPT[Grain.DAY]:
            return []
        calendar = self.past.folding.calendar
        count = (self.end - self.launch.start) // DAY + 2
        days = reversed(list(calendar.days_back(self.end, count)))
        return [
            day for day in days if self.launch.start <= day.start and calendar.end(day) <= self.end
        ]

    def _change(self, asked: Asked, panes: Sequence[Pane]) -> Change | None:
        metrics = self.past.folding.catalogue.metrics
        metric = metrics[asked.metric]
        if not panes or not self.past.is_whole(panes):
            return None
        if metric.kind != "ratio":
            return self._counted(metric, asked.labels, panes)
        whole = metrics[metric.denominator]
        labels = some_of(asked.labels, whole.labels)
        above = self._counted(metrics[metric.numerator], asked.labels, panes)
        below = self._counted(whole, labels, panes)
        return above.over(below) if above and below and below.seen else None

    def _counted(self, metric: Metric, labels: Pairs, panes: Sequence[Pane]) -> Change | None:
        """What was counted with these labels, all others together."""
        names, values = (tuple(one) for one in zip(*labels, strict=True)) if labels else ((), ())
        begin, end = panes[0].start, self.past.folding.calendar.end(panes[-1])
        known = self._before(metric, names, panes).get(values)
        if known is None:
            return None
        expected = Baseline(known, self.past.folding.calendar).expect(begin, end)
        if expected is None:
            return None
        return Change.of(self.past.of(metric, names, panes).get(values, 0.0), expected)

    def _before(
        self, metric: Metric, names: tuple[str, ...], panes: Sequence[Pane]
    ) -> Mapping[Labels, Series]:
        """What there was before the first of the panes."""
        begin = panes[0].start
        if panes[0].grain is Grain.HOUR:
            return self.past.hours(metric, names, begin)
        return self.past.days(metric, names, begin, len(panes) + DAYS_BEFORE)
