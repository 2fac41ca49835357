"""The oracle on those who are forgotten, worked out by hand: `│` is where they were."""

from tests.oracle.content import iso
from tests.oracle.events import PLANS
from tests.oracle.judge import DAY, settled
from tests.oracle.test_by_hand import NOON, ask, bands, did, forgot, june, moment, told, viewed

EVENING = moment("2026-06-29T23:50")


def test_who_comes_again_is_new_and_who_was_there_before_is_not() -> None:
    # Ada: 27, 28 │ 29. Bob: 28, 29
    events = [viewed("ada", june(day)) for day in (27, 28, 29)]
    events += [viewed("bob", june(day)) for day in (28, 29)]
    assert ask(events, "stickiness_ratio") == 1
    events.append(forgot("ada", june(28)))
    assert ask(events, "lifecycle_users") == {
        "new": 1,
        "returning": 1,
        "resurrecting": 0,
        "dormant": 1,
    }
    assert ask(events, "stickiness_ratio") == 2 / 3
    assert ask(events, "retention_ratio") == {"1": 1}  # first seen on the 28th: Bob alone
    assert ask(events, "active_users", window="7d") == 3
    assert ask(events, "active_users", window="yesterday") == 2


def test_nobody_is_parted_within_a_day_or_before_it_is_over_for_good() -> None:
    # Ada: 28, 28 in the evening, 29; forgotten at noon of the 28th
    events = [viewed("ada", time) for time in (june(28), june(28) + 36_000_000, june(29))]
    events.append(forgot("ada", june(28) + 1))
    assert ask(events, "active_users", window="7d") == 2
    half_past = moment("2026-06-29T00:30")
    assert ask(events, "active_users", settled=half_past, window="7d") == 2
    assert ask(events, "active_users", settled=half_past - 1, window="7d") == 1


def test_who_is_forgotten_twice_on_one_day_is_so_once_and_on_two_days_twice() -> None:
    events = [viewed("ada", june(day)) for day in (24, 26, 28)]
    events += [forgot("ada", june(24)), forgot("ada", june(24) + 1)]
    assert ask(events, "active_users", window="7d") == 2
    assert ask([*events, forgot("ada", june(25))], "active_users", window="7d") == 2
    assert ask([*events, forgot("ada", june(27))], "active_users", window="7d") == 3


def test_what_is_over_is_said_by_who_is_most_behind_and_by_a_day_at_most() -> None:
    # less the day in which events may come late
    assert settled([5 * DAY, 5 * DAY - 1]) == 4 * DAY - 1
    assert settled([5 * DAY, 3 * DAY]) == settled([5 * DAY, None]) == 3 * DAY
    assert settled([None]) == 0


def test_sketches_and_sessions_know_no_parting() -> None:
    # 23:50 │ 00:10
    events = [did("ada", "Signed Up", time) for time in (EVENING, EVENING + 1_200_000)]
    events.append(forgot("ada", EVENING))
    assert ask(events, "active_users", window="24h") == 1
    assert ask(events, "active_users", window="7d") == 2
    assert ask(events, "conversion_ratio", window="7d") == {"signup": 1 / 2, **NO_OTHER_GOAL}
    assert ask(events, "windowed_sessions", window="yesterday") == 1
    assert ask(events, "windowed_sessions", window="today") == 0
    assert ask(events, "session_duration_seconds", window="7d")["mean"] == 20 * 60


NO_OTHER_GOAL = {"order": 0, "subscription": 0}


def test_such_an_event_is_nothing_that_anybody_did() -> None:
    events = [forgot("ada", june(30) - 1)]
    assert ask(events, "interactions_total") == 0
    assert ask(events, "active_users", window="today") == 0


def test_a_subscription_ends_and_is_not_lost() -> None:
    # the window of 7 days begins with 24 June; Bob is lost
    events = [did(p, "Subscription Started", june(10), plan="pro") for p in ("ada", "bob", "cy")]
    events.append(did("bob", "Subscription Cancelled", june(27)))
    events.append(did("list", "Subscribers Declared", june(1), since=iso(june(1))))
    assert ask(events, "subscribers")["pro"] == 2
    within, at_its_beginning, before = (forgot("ada", june(day)) for day in (25, 23, 22))
    for one, subscribed in ((within, 3), (at_its_beginning, 3), (before, 2)):
        held = [*events, one]
        assert ask(held, "subscribers")["pro"] == 1
        assert ask(held, "plan_churn_ratio", window="7d") == {"pro": 1 / subscribed}
    # Ada again: what is told of before is somebody else's
    events.append(before)
    events.append(told("ada", june(26), plan="free", subscribed_at=iso(june(11))))
    assert ask(events, "subscribers")["free"] == 0
    events.append(told("ada", june(26), plan="free", subscribed_at=iso(june(25))))
    assert ask(events, "subscribers")["free"] == 1
    assert ask(events, "churn_ratio", window="7d") == 1 / 2
    events.append(forgot("ada", june(28)))
    assert ask(events, "subscribers") == dict.fromkeys(PLANS, 0) | {"pro": 1}
    assert ask(events, "churn_ratio", window="7d") == 1 / 2


def test_who_cancels_after_being_forgotten_is_nobody_known() -> None:
    # started on the 10th │ cancelled and started on the 26th
    events = [
        did("ada", "Subscription Started", june(10), plan="pro"),
        did("ada", "Subscription Cancelled", june(26)),
        did("ada", "Subscription Started", june(26) + 1, plan="free"),
    ]
    assert ask(events, "unknown_cancellations") == 0
    events.append(forgot("ada", june(25)))
    assert ask(events, "unknown_cancellations") == 1
    assert ask(events, "subscribers")["free"] == 1


def test_a_day_begins_with_the_scores_of_the_evening_before() -> None:
    # of 29 June: 30 + 2 * 10 + 0 + 10 + 10 = 70
    events = [did("ada", "Subscription Started", june(1), plan="pro")]
    events += [viewed("ada", june(day)) for day in range(20, 29)]
    events.append(forgot("ada", june(28)))
    assert bands(events) == ["healthy"]
    assert bands(events, NOON) == []
    # of 30 June: 30 + 2 + 0 + 10 + 10 = 52
    assert bands([*events, did("ada", "Order Completed", june(29), revenue=1)], NOON) == ["watch"]


def test_who_buys_again_is_another_buyer_and_the_one_before_is_lost() -> None:
    # Ada: May │ June. Bob: May. Cy: June
    events = [
        did("ada", "Order Completed", june(-10), revenue=7, currency="EUR"),
        did("bob", "Order Completed", june(-10), revenue=7, currency="EUR"),
        did("ada", "Order Completed", june(2), revenue=10, currency="EUR"),
        did("cy", "Order Completed", june(3), revenue=20, currency="EUR"),
        forgot("ada", june(-9)),
    ]
    assert ask(events, "buyers") == {"EUR": 4}
    assert ask(events, "revenue_per_buyer") == {"EUR": 44 / 4}
    assert ask(events, "customer_lifetime_value") == {"EUR": 15 / (2 / 2)}


def test_answers_and_features_of_both_count() -> None:
    # 9 with a feature │ 3 with the same
    events = [did("ada", "NPS Answered", june(day), score=s) for day, s in ((26, 9), (28, 3))]
    events += [did("ada", "Feature Used", june(day), feature="export") for day in (26, 28)]
    events.append(forgot("ada", june(27)))
    assert ask(events, "nps_responses", window="7d") == {
        "promoter": 1,
        "passive": 0,
        "detractor": 1,
    }
    assert ask(events, "feature_users", window="7d") == {"export": 2}
