"""What is told of answers to "how likely is it that you recommend us"."""

from __future__ import annotations

import pytest

from tests.simulator.people import People

CLASSES = ("promoter", "passive", "detractor")


def classes(people: People, window: str) -> tuple[float | None, ...]:
    return tuple(people.told("nps_responses", **{"class": c, "window": window}) for c in CLASSES)


def test_the_last_answer_of_a_person_in_the_window_is_the_one_that_counts() -> None:
    # ann:  9 on 1 March, 3 on 2 March, 7 today        bob: 10 on 2 March
    people = People()
    for score, day in ((9, "2026-03-01"), (3, "2026-03-02"), (7, "2026-03-03")):
        people.did("ann", "NPS Answered", day, score=score)
    people.did("bob", "NPS Answered", "2026-03-02", score=10)
    assert classes(people, "today") == (0, 1, 0)
    assert classes(people, "yesterday") == (1, 0, 1)
    assert classes(people, "7d") == (1, 1, 0)


@pytest.mark.parametrize(
    ("score", "expected"),
    [(10, 0), (9, 0), (8, 1), (7, 1), (6, 2), (0, 2), (9.0, 0), (8.0, 1)],
)
def test_classes_begin_at_nine_and_seven(score: float, expected: int) -> None:
    people = People()
    people.did("ann", "NPS Answered", "2026-03-03", score=score)
    assert classes(people, "today") == tuple(float(place == expected) for place in range(3))


@pytest.mark.parametrize("score", [11, -1, 7.5, "9", True, None, [9]])
def test_what_is_no_whole_number_from_0_to_10_is_no_answer(score: object) -> None:
    people = People()
    people.did("ann", "NPS Answered", "2026-03-02", score=9)
    people.did("ann", "NPS Answered", "2026-03-03", score=score)
    assert classes(people, "7d") == (1, 0, 0)


def test_of_two_answers_in_one_millisecond_the_one_that_sorts_last_as_text_counts() -> None:
    people = People()
    people.did("ann", "NPS Answered", "2026-03-03", score=9)
    people.did("ann", "NPS Answered", "2026-03-03", score=10)
    people.did("bob", "NPS Answered", "2026-03-03", score=10)
    people.did("bob", "NPS Answered", "2026-03-03", score=6)
    assert classes(people, "today") == (1, 0, 1)  # "9" > "10", "6" > "10"


def test_the_score_is_told_once_ten_persons_have_answered() -> None:
    people = People()
    for number in range(9):
        people.did(f"p{number}", "NPS Answered", "2026-03-02", score=(9, 8, 2)[number % 3])
    people.did("p0", "NPS Answered", "2026-03-02T13:00Z", score=10)
    assert people.told("nps_score", window="7d") is None
    people.did("p9", "NPS Answered", "2026-03-02", score=9)
    assert people.told("nps_score", window="7d") == pytest.approx(100 * (4 - 3) / 10)
    assert people.told("nps_score", window="today") is None


def test_without_any_answer_all_three_classes_are_nobody() -> None:
    people = People()
    for window in ("today", "yesterday", "7d", "30d"):
        assert classes(people, window) == (0, 0, 0)
    assert people.labels("nps_score") == []
