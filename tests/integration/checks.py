"""What must hold of a pipeline that has come to its end: the ledger's numbers, everywhere."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.integration.pipeline import Pipeline, Samples, Service, wait_for
from tests.integration.truth import (
    LedgerByPartition,
    State,
    differences,
    published,
    stored,
    true_state,
)

PROVENANCE = {"reason", "detail", "topic", "partition", "offset"}


def published_ends(line: Pipeline) -> dict[int, int]:
    """Where every partition stands according to Redis."""
    return {number: state.offset for number, state in sorted(published(line).items())}


def check_states(states: dict[int, State], ledger: LedgerByPartition) -> None:
    """Every pane of every partition: nothing missing, nothing else, nothing different."""
    assert states.keys() == ledger.ends().keys()
    for number, state in states.items():
        expected = true_state(ledger, number, state.watermark)
        assert state.offset == expected.offset == sum(state.outcomes.values())
        assert state.outcomes == expected.outcomes
        assert state.reasons == expected.reasons
        assert state.panes.keys() == expected.panes.keys()
        wrong = [pane for pane in state.panes if state.panes[pane] != expected.panes[pane]]
        assert not wrong, f"partition {number}: {_first(state, expected, wrong)}"
        assert {pane.partition("/")[0] for pane in state.panes} == {
            *("minute", "hour", "day", "lifetime")
        }


def _first(state: State, expected: State, wrong: list[str]) -> Any:
    found, true = state.panes[wrong[0]], expected.panes[wrong[0]]
    keys = [key for key in found.keys() | true.keys() if found.get(key) != true.get(key)]
    return wrong[0], [(key, found.get(key), true.get(key)) for key in sorted(keys)[:5]]


@dataclass
class Comparison:
    """Every count of every pane beside the ledger's."""

    panes: int = 0
    counts: int = 0
    lost: int = 0
    """What is missing, added up."""
    double: int = 0
    """What is too much, added up."""
    other_sketches: int = 0
    """Sketches of persons that are not the ledger's, byte for byte."""

    def compare(self, states: dict[int, State], ledger: LedgerByPartition) -> None:
        """Take in every partition; one that is missing has lost everything."""
        for number in ledger.ends():
            state = states.get(number, State(0, 0))
            expected = true_state(ledger, number, state.watermark)
            found = state.panes | {"outcomes": _pane(state.outcomes)}
            true = expected.panes | {"outcomes": _pane(expected.outcomes)}
            for pane in found.keys() | true.keys():
                self.panes += 1
                self._compare(found.get(pane, {}), true.get(pane, {}))

    def _compare(self, found: dict[Any, int | bytes], true: dict[Any, int | bytes]) -> None:
        for key in found.keys() | true.keys():
            self.counts += 1
            is_, should = found.get(key, 0), true.get(key, 0)
            if isinstance(is_, int) and isinstance(should, int):
                self.lost += max(0, should - is_)
                self.double += max(0, is_ - should)
            else:
                self.other_sketches += is_ != should


def _pane(outcomes: dict[str, int]) -> dict[Any, int | bytes]:
    return dict(outcomes)


def check_exporter(line: Pipeline, ledger: LedgerByPartition, *options: str) -> None:
    """Every series an exporter shows, at the instant it shows."""
    exporter = line.exporter(*options)
    wait_for("the exporter is ready", lambda: exporter.get("readyz")[0] == 200, 10)
    scraped = scrape_of_all(exporter)
    assert not differences(ledger, line.worker_settings().folding, scraped)
    outcomes: Counter[str] = Counter()
    for (name, labels), value in scraped.items():
        if name == "tidegauge_records_total":
            outcomes[dict(labels)["partition"]] += int(value)
    assert {int(partition): count for partition, count in outcomes.items()} == ledger.ends()
    for number, end in ledger.ends().items():
        assert scraped["tidegauge_read_offset", (("partition", str(number)),)] == end
        assert scraped["tidegauge_lag_records", (("partition", str(number)),)] == 0


def check_all(line: Pipeline, ledger: LedgerByPartition, *options: str) -> None:
    """Wait until all is published; then exporter, Redis and changelog must hold it."""
    wait_for("all is published", lambda: published_ends(line) == ledger.ends(), 10)
    check_exporter(line, ledger, *options)
    check_states(published(line), ledger)
    check_states(stored(line), ledger)


def scrape_of_all(exporter: Service) -> Samples:
    """What an exporter shows once the shards of persons were told of all that is folded by now."""
    now = time.time()

    def scrape() -> Samples | None:
        scraped = exporter.scrape()
        is_told = scraped.get(("tidegauge_as_of_timestamp_seconds", ()), 0) > now
        return scraped if is_told else None

    # The embedded broker shares shards out several times before it is content.
    return wait_for("the shards were told of all", scrape, 90) or {}


def check_dead_letters(
    line: Pipeline,
    ledger: LedgerByPartition,
    source: Iterable[tuple[tuple[int, int], bytes | None]] | None = None,
) -> None:
    """Every broken record has a letter, or more, with its bytes, its reason and where it stood.

    `source` gives the records by partition and offset, where the topic does not hold them any more.
    """
    if source is None:
        records = line.rows(line.topic)
        source = (((one.partition(), one.offset()), one.value()) for one in records)
    letters: dict[tuple[int, int], tuple[str, bytes]] = {}
    for letter in line.rows(line.worker_settings().dead_letter_topic):
        headers = {name: value.decode() for name, value in letter.headers()}
        assert headers.keys() == PROVENANCE
        assert headers["topic"] == line.topic
        place = int(headers["partition"]), int(headers["offset"])
        told = headers["reason"], letter.value()
        assert letters.setdefault(place, told) == told
    reasons: dict[int, Counter[str]] = defaultdict(Counter)
    for (number, _), (reason, _) in letters.items():
        reasons[number][reason] += 1
    assert reasons == {number: +counter for number, counter in ledger.reasons.items()}
    for place, value in source:
        letter = letters.pop(place, None)
        assert letter is None or letter[1] == (value or b"")
    assert not letters
