"""Under which names a shard counts in its sheets."""

ACTIVE = "active"
"""Persons with activity within so many days that end with the sheet's, by their number."""
LIFECYCLE = "lifecycle"
"""Persons by where they stand between the day before and the sheet's."""
RETAINED = "retained"
"""Persons who are back so many days after their first, by their number."""
SESSIONS = "sessions"
"""Sessions that began in the pane, by their length in minutes."""
SHEETS = (ACTIVE, LIFECYCLE, RETAINED, SESSIONS)
SPANS = (1, 7, 30)
"""Days within which a person was active."""
RETURNS = (1, 7, 30)
"""Days after the first one on which a person is back."""
STATES = ("new", "returning", "resurrecting", "dormant")
