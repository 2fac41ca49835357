"""What events say of persons is what the catalogue has them say."""

from streams.duplicates import Duplicates
from streams.outcomes import Judge
from streams.panes import MINUTE
from streams.persons.outbox import Outbox
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
