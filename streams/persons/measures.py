"""The measures by the names under which the catalogue asks for them."""

import enum
from collections.abc import Callable
from typing import NamedTuple

from streams.persons import customers, habits
from streams.persons.book import Book, Values
from streams.persons.names import (
    ACTIVE,
    BOUGHT,
    CSAT,
    DECLARED,
    NPS,
    PAYMENT,
    SUBSCRIPTION,
    USED,
)


class Known(enum.Enum):
    """At which past instants it is still known what a measure was then."""

    ALWAYS = enum.auto()
    """Where its window ends; without a window it is the same all day."""
    DAY_ENDS = enum.auto()
    NEVER = enum.auto()


class Measure(NamedTuple):
    """What is asked of the shards of persons."""

    ask: Callable[[Book, str | None], Values]
    """The values in a window, or without one."""
    facts: tuple[str, ...]
    """What it is made of."""
    is_number: bool = True
    """Whether a value is itself a number of persons, or of what they did."""
    is_of_last_day: bool = False
    """Whether it is of the last day that is over."""
    is_filled: bool = False
    """Whether it is 0 for a value of a closed label that nothing is found of."""
    past: Known = Known.ALWAYS


CUSTOMERS = (SUBSCRIPTION, BOUGHT, ACTIVE, USED, NPS, CSAT, PAYMENT)
MEASURES = {
    "active_users": Measure(habits.active_users, (ACTIVE,)),
    "stickiness": Measure(habits.stickiness, (ACTIVE,), is_number=False, is_of_last_day=True),
    "lifecycle": Measure(habits.lifecycle, (ACTIVE,), is_of_last_day=True),
    "retention": Measure(habits.retention, (ACTIVE,), is_number=False, is_of_last_day=True),
    "sessions": Measure(habits.sessions, (ACTIVE,)),
    "session_seconds": Measure(  # of those that went on, only the whole length is kept
        habits.session_seconds, (ACTIVE,), is_number=False, past=Known.NEVER
    ),
    "feature_users": Measure(customers.feature_users, (USED,)),
    "nps_score": Measure(customers.nps_score, (NPS,), is_number=False),
    "nps_responses": Measure(customers.nps_responses, (NPS,)),
    "subscribers": Measure(
        customers.subscribers, (SUBSCRIPTION,), is_filled=True, past=Known.DAY_ENDS
    ),
    "unknown_cancellations": Measure(
        customers.unknown_cancellations, (SUBSCRIPTION,), past=Known.NEVER
    ),
    "churn": Measure(customers.churn, (SUBSCRIPTION, DECLARED), is_number=False),
    "plan_churn": Measure(customers.plan_churn, (SUBSCRIPTION, DECLARED), is_number=False),
    "buyers": Measure(customers.buyers, (BOUGHT,), past=Known.NEVER),
    "lifetime_value": Measure(
        customers.lifetime_value, (BOUGHT,), is_number=False, is_of_last_day=True
    ),
    "health": Measure(customers.health, CUSTOMERS),
}
