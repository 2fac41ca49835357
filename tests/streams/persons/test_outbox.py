"""What events say of persons is what the catalogue has them say."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from streams.duplicates import Duplicates
from streams.outcomes import Judge
from streams.panes import MINUTE
from streams.persons.names import NOTHING
from streams.persons.outbox import QUARTER, Outbox
from streams.watermark import Watermark
from tests.streams.made_up import Row, a_folding, body, iso, moment

NOON = moment("2026-06-01T12:00Z")
TWO_SOURCES = """
[facts.subscription]
label = "plan"
events = [
    { name = "Trial Ended", says = "" },
    { name = "Trial Ended", time = "resumes_at" },
    { name = "Trial Ended", says = "" },
]
"""


def test_an_event_that_says_a_fact_twice_says_each_label_at_its_own_time() -> None:
    folding = a_folding({"mine.toml": TWO_SOURCES})
    resumes_at = NOON + 5 * MINUTE
    properties = {"plan": "pro", "resumes_at": iso(resumes_at)}
    records = [Row(0, NOON, body("Trial Ended", time=NOON, properties=properties))]
    events = folding.decode([record.value for record in records])
    judged = Judge(Watermark(0), Duplicates(), folding.is_bot).judge(records, events)
    outbox = Outbox(0)
    outbox.gather(folding.tally(records, events, judged).groups.values())
    told = [fact for fact in outbox.take(1, NOON).facts if fact.name == "subscription"]
    found = [(fact.label, fact.times.tolist()) for fact in told]
    assert found == [("", [NOON]), ("pro", [resumes_at])]


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_what_is_on_time_is_told_once_a_quarter_however_often_it_is_taken(
    minutes: list[int],
) -> None:
    """Steps of the clock between two events of one person, each on time."""
    outbox, times = Outbox(0), list(accumulate(minutes, initial=NOON // MINUTE))
    told: list[int] = []
    for offset, minute in enumerate(times):
        time = minute * MINUTE
        outbox.note(("subscription", NOTHING), time - time % QUARTER, time, {7})
        facts = outbox.take(offset + 1, time).facts
        told += [when - when % QUARTER for fact in facts for when in fact.times.tolist()]
    assert told == sorted({minute * MINUTE // QUARTER * QUARTER for minute in times})


def test_what_is_remembered_does_not_grow_with_time() -> None:
    outbox, sizes = Outbox(0), []
    for minute in range(6 * 60):
        time = NOON + minute * MINUTE
        outbox.note(("active", NOTHING), time, time, range(1_000))
        outbox.take(minute, time)
        sizes.append(outbox.remembered)
    assert sizes[-1] == sizes[30] == 15 * 1_000
