"""A metric's states, merged over the partitions and over panes."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from streams.aggregates import Aggregate
from streams.catalogue import Metric
from streams.folding import Folding
from streams.panes import Pane
from streams.published import Published
from streams.routing import Labels

PRESET_LIMIT = 100
"""Most label sets of several closed labels that are exported as 0 before their first event."""


class Merged:
    """Merges a metric's series over partitions and panes."""

    def __init__(self, folding: Folding, partitions: Sequence[Published]) -> None:
        self._folding = folding
        self._partitions = partitions
        self._fold_ids = {metric.name: fold_id for fold_id, metric in folding.metrics.items()}

    def aggregate(self, metric: Metric) -> Aggregate:
        """How the metric's states are kept."""
        return self._folding.aggregates[self._fold_ids[metric.name]]

    def read(
        self, metric: Metric, panes: Iterable[Pane], names: Sequence[str]
    ) -> dict[Labels, Any]:
        """States by the labels in `names`, closed sets filled up with those of nothing."""
        columns = [metric.labels.index(name) for name in names]
        is_whole = columns == [*range(len(metric.labels))]
        states: dict[Labels, list[Any]] = defaultdict(list)
        states.update((labels, []) for labels in self.preset(names))
        for pane in panes:
            for held in self._held(self._fold_ids[metric.name], pane):
                for labels, state in held.items():
                    key = labels if is_whole else tuple(labels[column] for column in columns)
                    states[key].append(state)
        merge = self.aggregate(metric).merge
        return {key: merge(found) for key, found in states.items()}

    def _held(self, fold_id: str, pane: Pane) -> Iterator[Mapping[Labels, Any]]:
        """What each partition holds of a metric in a pane."""
        for partition in self._partitions:
            unit = partition.units.get(pane)
            if unit is not None and fold_id in unit.state:
                yield unit.state[fold_id]

    def values(self, name: str, panes: Iterable[Pane]) -> dict[Labels, float]:
        """Values of a metric by its labels in a window; empty where there is no such metric."""
        metric = self._folding.catalogue.metrics.get(name)
        if metric is None:
            return {}
        result = self.aggregate(metric).result
        found = self.read(metric, panes, metric.window_labels)
        return {labels: result(state).value for labels, state in found.items()}

    def preset(self, names: Sequence[str]) -> list[Labels]:
        """Label sets known beforehand: one without labels, or those of closed sets."""
        labels = [self._folding.catalogue.labels[name] for name in names]
        sets = [label.values if label.preset else () for label in labels]
        few = len(sets) <= 1 or math.prod(map(len, sets)) <= PRESET_LIMIT
        return list(product(*sets)) if few else []
