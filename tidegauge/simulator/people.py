"""The population: who comes, who comes back, who pays.

Persons are drawn with very different activity: the first tenth makes about a third of all
visits. About one visit in eight is by somebody new, without a user id until they sign up.
"""

import random
from dataclasses import dataclass

from tidegauge.simulator.vocabulary import BROWSERS, CURRENCIES, PAID_PLANS

NEWCOMER_SHARE = 0.12
MOBILE_SHARE = 0.35
SUBSCRIBED_SHARE = 0.25
ACTIVITY_SKEW = 2.2


@dataclass(slots=True)
class Person:
    """One human with one device; `user_id` is None until they sign up."""

    user_id: str | None
    anonymous_id: str
    mobile: bool
    browser: str
    currency: str
    plan: str = "free"
    subscribed_ms: int | None = None
    """Since when they pay; None as long as nobody has told."""
    has_second_thoughts: bool = False
    """Whether they will answer again what they were asked last."""

    @property
    def key(self) -> str:
        """The person as metrics see them: user id, else anonymous id."""
        return self.user_id or self.anonymous_id

    @property
    def subscribed(self) -> bool:
        """Whether they pay for a plan now."""
        return self.plan != "free"


class Population:
    """Grows by newcomers; never forgets anybody."""

    def __init__(self, size: int, rng: random.Random) -> None:
        self._rng = rng
        self._users = 0
        self._people = [self._customer() for _ in range(size)]

    def arrive(self) -> Person:
        """Return whoever begins a visit now."""
        if not self._people or self._rng.random() < NEWCOMER_SHARE:
            self._people.append(self._visitor())
            return self._people[-1]
        return self._people[int(len(self._people) * self._rng.random() ** ACTIVITY_SKEW)]

    def sign_up(self, person: Person) -> None:
        """Give the person a user id that nobody has."""
        self._users += 1
        person.user_id = f"u{self._users:07d}"

    def subscribers(self) -> list[Person]:
        """Return everybody who pays now."""
        return [person for person in self._people if person.subscribed]

    def _visitor(self) -> Person:
        rng = self._rng
        return Person(
            user_id=None,
            anonymous_id=f"anon-{rng.getrandbits(64):016x}",
            mobile=rng.random() < MOBILE_SHARE,
            browser=BROWSERS.draw(rng),
            currency=CURRENCIES.draw(rng),
        )

    def _customer(self) -> Person:
        person = self._visitor()
        self.sign_up(person)
        if self._rng.random() < SUBSCRIBED_SHARE:
            person.plan = PAID_PLANS.draw(self._rng)
        return person
