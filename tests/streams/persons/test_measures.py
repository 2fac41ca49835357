"""What is bounded, and what is absent, of the numbers that know a person over days."""

from datetime import datetime

import pytest

from streams import reading
from streams.catalogue import OTHER, Example, Given
from streams.example import found
from streams.persons import labels
from tests.streams.made_up import a_folding

NOON = datetime(2026, 6, 1, 12)  # noqa: DTZ001 - local time
FOLDING = a_folding()


def used(person: str, feature: str) -> Given:
    return Given(NOON, person, "track", "Feature Used", {"feature": feature})


def of(name: str, *events: Given, at: datetime = NOON) -> dict[str, float]:
    """The series of a metric today, or those without a window."""
    told = found(FOLDING, Example(events, at, {}))
    return {
        series: value
        for series, value in told.items()
        if series.partition("{")[0] == name and ("window" not in series or "today" in series)
    }


def test_only_the_features_of_most_people_are_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "EXPORT_LIMIT", 2)
    events = [used(person, f) for f, n in (("a", 1), ("b", 3), ("c", 2)) for person in "xyz"[:n]]
    assert of("feature_users", *events) == {
        'feature_users{feature="b",window="today"}': 3,
        'feature_users{feature="c",window="today"}': 2,
    }
    assert of("feature_adoption_ratio", *events).keys() == {
        'feature_adoption_ratio{feature="b",window="today"}',
        'feature_adoption_ratio{feature="c",window="today"}',
    }


def test_a_flood_of_features_takes_no_more_than_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels, "MOST_LABELS", 4)
    told = of("feature_users", *(used("x", f"feature {n}") for n in range(50)))
    assert len(told) == 4
    assert told[f'feature_users{{feature="{OTHER}",window="today"}}'] == 1


def test_churn_is_absent_before_it_was_declared_who_was_subscribed() -> None:
    start = Given(datetime(2026, 5, 20, 12), "x", "track", "Subscription Started", {"plan": "pro"})  # noqa: DTZ001
    end = Given(NOON, "x", "track", "Subscription Cancelled", {})
    declared = Given(NOON, "y", "track", "Subscribers Declared", {"since": "2026-06-01T00:00:00Z"})
    assert of("churn_ratio", start, end) == {}
    assert of("churn_ratio", start, end, declared) == {'churn_ratio{window="today"}': 1}


@pytest.mark.parametrize(("answers", "is_shown"), [(9, False), (10, True)])
def test_a_net_promoter_score_needs_ten_people(answers: int, is_shown: bool) -> None:  # noqa: FBT001
    events = [Given(NOON, f"{n}", "track", "NPS Answered", {"score": 9}) for n in range(answers)]
    assert bool(of("nps_score", *events)) is is_shown
    assert of("nps_responses", *events)['nps_responses{class="promoter",window="today"}'] == answers
