"""The launches that are known where workers publish, and what can be told of them."""

from collections.abc import Callable
from typing import Self

from agents.settings import Refusal
from exporters.view import View
from streams.folding import Folding
from streams.launches.comparison import compare
from streams.launches.launch import Launch, found
from streams.launches.split import split
from streams.past import Past
from streams.suggestion import suggest
from tidegauge.grid import Paper
from tidegauge.launch_report import listing, report
from tidegauge.published import read_view
from tidegauge.settings import Settings


class KnownLaunches:
    """Those of one view; `problem` says in words why there are none, and is empty otherwise."""

    def __init__(self, rules: Folding, view: View) -> None:
        self._rules = rules
        self.problem = "; ".join(view.snapshot.problems)
        self._partitions = [] if self.problem else list(view.snapshot.partitions.values())
        self._instant = 0 if view.reading is None else view.reading.as_of
        self._launches = {one.name: one for one in found(rules, self._partitions)}

    @classmethod
    def read(cls, settings: Settings, rules: Folding) -> Self:
        """Those of now."""
        return cls(rules, read_view(settings, rules))

    @classmethod
    def wait(
        cls, settings: Settings, rules: Folding, until: Callable[[Self], bool], seconds: float
    ) -> bool:
        """Whether something holds within some time."""
        view = read_view(settings, rules, lambda view: until(cls(rules, view)), seconds)
        return until(cls(rules, view))

    def get(self, name: str) -> Launch | None:
        """A launch by its name; None where it is not known."""
        return self._launches.get(name)

    def named(self, name: str) -> Launch:
        """The same; raises Refusal where it is not known."""
        launch = self.get(name)
        if launch is None:
            raise Refusal(f"no launch {name!r} is known; {suggest(name, self._launches)}")
        return launch

    def listing(self) -> Paper | None:
        """A list of all; None without any."""
        launches = list(self._launches.values())
        return listing(self._rules, launches, self._instant) if launches else None

    def report(self, name: str) -> Paper:
        """What one came to; raises Refusal where it is not known."""
        launch, past = self.named(name), Past(self._rules)
        past.take(self._partitions)
        effects = compare(past, launch, self._instant)
        parts = split(self._rules, self._partitions, self._instant, launch)
        return report(self._rules, launch, self._instant, effects, parts)
