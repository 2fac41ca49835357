"""What the product exports of a raw log is what the oracle counts, series by series."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from streams.catalogue import PREFIX
from streams.folding import Folding
from tests.oracle.events import NONE, OTHER, Accepted
from tests.oracle.judge import settled
from tests.oracle.log import DAY, HOUR, MINUTE, Log
from tests.oracle.oracle import Key, Oracle
from tests.oracle.product import Product
from tests.streams.made_up import a_folding
from tests.streams.oracle import Judge

SEEDS = 60
LONG_SEEDS = 1_000
AT_ONCE = 10
EXACTLY = 1e-12
"""Quotients may be taken in another order."""
DECLARED = "Subscribers Declared"
LATER = (0, 7 * MINUTE, 0, 3 * HOUR, 0, DAY, 0, 9 * DAY, 0, 40 * DAY)
"""How long after the end of a log it is asked again; every other one is not."""


@cache
def folding_of(zone: str) -> Folding:
    return a_folding(zone=zone)


CATALOGUE = folding_of("UTC").catalogue
EXPORTED = {
    name.removeprefix(PREFIX)
    for metric in CATALOGUE.metrics.values()
    for name in metric.exported_names
    if not (metric.kind == "distinct" and name.endswith("_error"))
}


def log_of(seed: int) -> Log:
    told = folding_of("UTC").forgotten.written
    return Log(seed, declares=DECLARED in CATALOGUE.inactive, told=told)


def oracle_of(log: Log) -> tuple[Oracle, Counter[str]]:
    """The oracle of what is accepted, and how many records had which outcome."""
    outcomes, judges = Counter[str](), [Judge() for _ in log.partitions]
    for judge, records in zip(judges, log.partitions, strict=True):
        outcomes.update(judge.outcome(record) for record in records)
    accepted = [Accepted(*one) for judge in judges for one in judge.accepted]
    over = settled(judge.watermark for judge in judges)
    return Oracle(accepted, log.zone, log.forgotten.get, over), outcomes


def differences(product: Mapping[Key, float], oracle: Mapping[Key, float]) -> Iterator[str]:
    """What one of them has and the other has not."""
    for key in sorted(product.keys() | oracle.keys()):
        name, labels = key
        found, true = product.get(key), oracle.get(key)
        if name not in EXPORTED or (not found and not true and _may_be_absent(key)):
            continue
        if found is None or true is None or not math.isclose(found, true, rel_tol=EXACTLY):
            yield f"{name} {dict(labels)}: {found} is exported, {true} is true"


def _may_be_absent(key: Key) -> bool:
    """A plan nobody has and that is not listed may be told once it was seen, or not."""
    return key[0] == "subscribers" and dict(key[1]).get("plan") in (NONE, OTHER)


def compare(seed: int) -> None:
    """Compare when the log ends, and some time later."""
    log = log_of(seed)
    oracle, _ = oracle_of(log)
    product = Product(folding_of(log.zone), log)
    end = oracle.end + seed * 997 % (3 * MINUTE)
    for as_of in sorted({end, end + LATER[seed % len(LATER)]}):  # nobody goes back in time
        wrong = list(differences(product.at(as_of), oracle.at(as_of)))
        if wrong:
            pytest.fail("\n".join([f"seed {seed}, {log.zone}, at {as_of}:", *wrong]), pytrace=False)


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_every_series_is_what_an_oracle_counts(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        compare(seed)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("first", range(SEEDS, SEEDS + LONG_SEEDS, 100))
def test_every_series_of_many_logs_is_what_an_oracle_counts(first: int) -> None:
    for seed in range(first, first + 100):
        compare(seed)


def test_the_oracle_knows_every_metric_of_the_catalogue() -> None:
    assert set(Oracle([], "UTC").names()) >= EXPORTED


def test_the_logs_have_records_of_every_outcome_and_something_to_say_of_every_metric() -> None:
    outcomes, said, cuts = Counter[str](), Counter[str](), 0
    for seed in range(12):
        oracle, found = oracle_of(Log(seed))
        outcomes += found
        cuts += oracle.cuts()
        said.update({name for (name, _), value in oracle.at(oracle.end).items() if value})
    assert min(outcomes.values()) > 10
    assert len(outcomes) == 6
    assert said.keys() == set(oracle.names())
    assert min(said.values()) >= 2
    assert cuts > 10


@pytest.mark.parametrize("change", [1, -1, 0.001])
def test_a_wrong_value_is_told(change: float) -> None:
    key = ("active_users", (("window", "today"),))
    told = list(differences({key: 5 + change}, {key: 5}))
    assert told == [f"active_users {{'window': 'today'}}: {5 + change} is exported, 5 is true"]
    assert len(list(differences({key: 5}, {}))) == len(list(differences({}, {key: 5}))) == 1
