"""What events say of persons is what the catalogue has them say."""

from collections import defaultdict
from itertools import pairwise

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


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(-10, 40)), min_size=1, max_size=60))
def test_all_is_told_and_again_only_a_quarter_of_an_hour_of_watermark_later(
    events: list[tuple[int, int]],
) -> None:
    """One person's events: minutes since the one before, and minutes behind the watermark."""
    outbox, watermark = Outbox(0), NOON
    told: dict[int, list[int]] = defaultdict(list)
    for offset, (step, lag) in enumerate(events):
        watermark += step * MINUTE
        time = watermark - lag * MINUTE
        quarter = time - time % QUARTER
        outbox.note(("subscription", NOTHING), quarter, time, {7})
        if outbox.take(offset + 1, watermark).facts:
            told[quarter].append(watermark)
        assert told[quarter]
    for found in told.values():
        assert all(later - one >= QUARTER for one, later in pairwise(found))


def test_what_is_remembered_does_not_grow_with_time() -> None:
    outbox, sizes = Outbox(0), []
    for minute in range(6 * 60):
        time = NOON + minute * MINUTE
        outbox.note(("active", NOTHING), time, time, range(1_000))
        outbox.take(minute, time)
        remembered = (outbox._told | outbox._told_before).values()
        sizes.append(sum(map(len, remembered)))
    assert max(sizes) <= 31 * 1_000
    assert min(sizes[15:]) >= 15 * 1_000
