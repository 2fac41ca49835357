"""What is said of scrapes: each beside its offsets, the one before it, and that of the other."""

from dataclasses import replace

from tests.chaos.observer import Sight, judge_sights

MICRO = 1_000_000
FIRST = Sight(0, 100.0, 99.0, {0: 10, 1: 5}, {"interactions_total": 15 * MICRO}, "s1", "b1")
LATER = Sight(0, 101.0, 100.0, {0: 12, 1: 5}, {"interactions_total": 17 * MICRO}, "s2", "b2")
OTHER = replace(FIRST, exporter=1)


def all_records(offsets: dict[int, int]) -> dict[str, int]:
    return {"interactions_total": sum(offsets.values()) * MICRO}


def test_what_grows_with_its_offsets_is_right() -> None:
    verdict = judge_sights([FIRST, OTHER, LATER], all_records)
    assert (verdict.sights, verdict.pairs, verdict.wrong) == (3, 1, [])


def test_a_total_that_lacks_a_record_or_has_one_twice_is_told() -> None:
    for total, lost, double in ((14, 1, 0), (16, 0, 1)):
        sight = replace(FIRST, totals={"interactions_total": total * MICRO})
        verdict = judge_sights([sight], all_records)
        assert (verdict.lost, verdict.double, len(verdict.wrong)) == (lost, double, 1)


def test_a_total_that_falls_is_told_with_the_partitions_that_went_back() -> None:
    verdict = judge_sights([LATER, replace(FIRST, at=102.0, as_of=100.5)], all_records)
    (told,) = verdict.wrong
    assert "1 counters fell" in told
    assert "{0: 2}" in told


def test_an_instant_that_goes_back_is_told() -> None:
    back = replace(FIRST, at=101.0, as_of=FIRST.as_of - 3)
    verdict = judge_sights([FIRST, back], all_records, [(90.0, 99.0), (102.0, 110.0)])
    assert (verdict.back, len(verdict.wrong)) == (1, 1)
    assert "went back by 3.0 s" in verdict.wrong[0]


def test_an_instant_that_goes_back_where_it_may_is_counted() -> None:
    back = replace(FIRST, at=101.0, as_of=FIRST.as_of - 3)
    verdict = judge_sights([FIRST, back], all_records, [(95.0, 100.5)])
    assert (verdict.back, verdict.wrong) == (1, [])


def test_two_exporters_that_differ_in_one_byte_of_one_snapshot_are_told() -> None:
    (told,) = judge_sights([FIRST, replace(OTHER, business="b3")], all_records).wrong
    assert "disagree" in told
