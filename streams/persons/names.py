"""The facts that are told of persons, and the names under which a shard counts them in its sheets.

A fact is that a name held of a person at a time, with a label. Of some it is kept on which days
(`Marks`), of the others which label came last (`Register`).
"""

ACTIVE = "active"
USED = "used"
BOUGHT = "bought"
NPS = "nps"
CSAT = "csat"
PAYMENT = "payment"
SUBSCRIPTION = "subscription"
DECLARED = "declared"
FORGOTTEN = "forgotten"

MARKED = (ACTIVE, USED, BOUGHT)
"""Kept by day; counted in sheets of their names: persons of whom they held within so many days that
end with the sheet's, by label (where there is one) and number of days."""
LASTING = (NPS, CSAT, PAYMENT, SUBSCRIPTION, DECLARED, FORGOTTEN)
"""Kept by time: the last one holds. Sheets of NPS count persons by their last answer within so many
days that end with the sheet's, and their number; those of DECLARED, also the lifetime's, say that
it was. FORGOTTEN is counted nowhere: see `streams.persons.forgetting`."""
STATED = (SUBSCRIPTION, DECLARED)
"""Their times may be told long afterwards, so nothing of them comes too late or is let go of."""
NEVER_LATE = (*STATED, FORGOTTEN)

NOTHING = ""
"""The label of a fact that has none, and of a subscription that was cancelled."""
FAILED = "failed"

LIFECYCLE = "lifecycle"
"""Persons by where they stand between the day before and the sheet's."""
RETAINED = "retained"
"""Persons who are back so many days after their first, by their number."""
SESSIONS = "sessions"
"""Sessions that began in the pane, by their length in minutes."""
BUYERS = "buyers"
"""Of the lifetime: persons who ever bought, by currency."""
LEFT = "left"
"""Persons who bought in the 30 days before the 30 that end with the sheet's, and in these did not,
by currency."""
SUBSCRIBED = "subscribed"
"""Of a day, how many more persons are subscribed at its end than at its beginning, by plan; of the
lifetime, how many are."""
LOST = "lost"
"""Persons subscribed before the days that end with the sheet's, and not at its end, by plan and
number of days."""
UNKNOWN = "unknown"
"""Of the lifetime: persons who cancelled what nobody knows they had."""
HEALTH = "health"
"""Customers at the beginning of the day, by the band of their score."""

SPANS = (1, 7, 30)
"""Days within which a fact held of a person."""
RETURNS = (1, 7, 30)
"""Days after the first one on which a person is back."""
STATES = ("new", "returning", "resurrecting", "dormant")

SHEETS = (
    *(ACTIVE, USED, BOUGHT, NPS, DECLARED, LIFECYCLE, RETAINED, SESSIONS, BUYERS, LEFT),
    *(SUBSCRIBED, LOST, UNKNOWN, HEALTH),
)
