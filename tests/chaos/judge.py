"""The end of a run: whatever is stored, published and shown beside the topic counted once more."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from streams.folding import Folding
from tests.chaos.history import histories
from tests.chaos.line import TIME_ZONE, Line
from tests.chaos.observer import Observer, judge_sights
from tests.chaos.recount import OPEN, Recount, Row, exported
from tests.integration.checks import Comparison, check_dead_letters
from tests.integration.pipeline import Labels, Samples
from tests.integration.truth import State, business, published, stored, true_series
from tests.oracle.oracle import Oracle

PREFIX = "tidegauge_"
SKETCHED = ("active_users", "converting_users", "conversion_ratio", "sessions_per_user")
"""Estimated where there are many. The ledger's persons go through the same sketch."""
DECLARED = {f"tidegauge_lost_{what}_total" for what in ("records", "units", "facts")}
"""Nothing may be declared lost: the source forgets only what is safe."""
FOUR_SIGMA = 4 / math.sqrt(4096)
AS_A_FLOAT = 1e-9
Values = dict[tuple[str, Labels], float]


@dataclass
class Judgement:
    """What a run comes to."""

    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    windows_compared: int = 0
    """Panes in the changelog and in Redis, and series of the last scrapes."""
    counts_compared: int = 0
    rows_judged: int = 0
    """Rows of workers in the changelog, whether or not another one counts."""
    sights: int = 0
    pairs: int = 0
    back: int = 0
    """As in `observer.Verdict`."""
    lost: int = 0
    double: int = 0
    wrong: list[str] = field(default_factory=list)
    """In words, the numbers of lost and double included."""


def recount(rows: Iterable[Row]) -> Recount:
    """Count the topic once more."""
    found = Recount(TIME_ZONE)
    for row in rows:
        found.take(row)
    found.settle()
    return found


def judge(
    line: Line, rows: Sequence[Row], observer: Observer, scrapes: Sequence[Samples]
) -> Judgement:
    """Judge a run whose workers have stopped; `scrapes` are the last of each exporter."""
    truth = recount(rows)
    verdict = Judgement(truth.ledger.total(), dict(truth.outcomes))
    for name, read in (("the changelog", stored), ("Redis", published)):
        _trying(verdict, name, partial(_states, verdict, truth, name, partial(read, line)))
    _trying(verdict, "dead letters", lambda: _letters(line, truth, rows))
    _trying(verdict, "rows of the changelog", lambda: _rows(verdict, line, truth))
    oracle = Oracle(truth.accepted, TIME_ZONE)
    folding = line.worker_settings().folding
    for number, scraped in enumerate(scrapes):
        _shown(verdict, truth, oracle, folding, scraped, number)
    seen = judge_sights(observer.sights, truth.totals_at, observer.excused)
    verdict.sights, verdict.pairs, verdict.back = seen.sights, seen.pairs, seen.back
    verdict.lost += seen.lost
    verdict.double += seen.double
    verdict.wrong += seen.wrong
    return verdict


def _letters(line: Line, truth: Recount, rows: Iterable[Row]) -> None:
    source = (((row.partition, row.offset), row.value) for row in rows)
    check_dead_letters(line, truth.ledger, source)


def _rows(verdict: Judgement, line: Line, truth: Recount) -> None:
    calendar = line.worker_settings().folding.calendar
    for history in histories(line).values():
        assert history.stamped, f"no worker has written to partition {history.number}"
        verdict.rows_judged += history.stamped
        verdict.wrong += history.wrong(truth.notes, calendar)


def _trying(verdict: Judgement, name: str, check: Callable[[], None]) -> None:
    """Note what a check that fails says, and go on."""
    try:
        check()
    except AssertionError as error:
        verdict.wrong.append(f"{name}: {error}"[:2000])


def _states(
    verdict: Judgement, truth: Recount, where: str, read: Callable[[], dict[int, State]]
) -> None:
    found = Comparison()
    found.compare(read(), truth.ledger)
    verdict.windows_compared += found.panes
    verdict.counts_compared += found.counts
    verdict.lost += found.lost
    verdict.double += found.double
    if found.lost or found.double or found.other_sketches:
        verdict.wrong.append(f"{where}: {found}")


def _shown(
    verdict: Judgement,
    truth: Recount,
    oracle: Oracle,
    folding: Folding,
    scraped: Samples,
    number: int,
) -> None:
    """Compare what an exporter shows with the ledger, and with SQL over the accepted events."""
    shown = _bare(business(folding, scraped))
    as_of = round(scraped["tidegauge_as_of_timestamp_seconds", ()] * 1000)
    by_ledger = exported(_bare(true_series(truth.ledger, as_of)))
    by_sql = _summed(oracle.at(as_of))
    wrong = [f"ledger: {text}" for text in _differences(shown, by_ledger, exact=True)]
    wrong += [f"SQL: {text}" for text in _differences(_summed(shown), by_sql, exact=False)]
    lost = {key: n for key, n in scraped.items() if key[0] in DECLARED and n}
    wrong += [f"declared lost without need: {key} {n:.0f}" for key, n in lost.items()]
    verdict.windows_compared += len(by_ledger)
    verdict.wrong += [f"exporter {number}, {text}" for text in wrong]


def _bare(series: Mapping[tuple[str, Labels], float]) -> Values:
    return {(name.removeprefix(PREFIX), labels): value for (name, labels), value in series.items()}


def _summed(series: Mapping[tuple[str, Labels], float]) -> Values:
    """Series with page names added up: what of a flood is admitted is the ledger's to say."""
    found: Values = defaultdict(float)
    for (name, labels), value in series.items():
        kept = tuple(pair for pair in labels if pair[0] != OPEN["page_views"])
        found[name, kept] += value
    return dict(found)


def _differences(shown: Values, true: Values, *, exact: bool) -> Iterator[str]:
    """What differs; an absent series counts as 0: exporters fill up closed label sets."""
    for key in sorted(shown.keys() | true.keys()):
        if key[0].endswith("_error") or (not exact and key[0] not in {name for name, _ in true}):
            continue
        loose = not exact and key[0] in SKETCHED
        found, should = shown.get(key, 0.0), true.get(key, 0.0)
        near = {"rel_tol": FOUR_SIGMA} if loose else {"rel_tol": AS_A_FLOAT, "abs_tol": AS_A_FLOAT}
        if not math.isclose(found, should, **near):
            yield f"{key[0]} {dict(key[1])}: {found} instead of {should}"
