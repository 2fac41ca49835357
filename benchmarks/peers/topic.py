"""The topics of the comparison: the same records in the same order, more of them for faster peers.

They are those of `Load`, which say now where their person lives (`context.location.country`, as in
Segment's spec) and, where they say nothing else, which plan the person has.
"""

import itertools
import re
import zlib
from collections.abc import Iterator

from benchmarks.load import MINUTE_MS, MINUTE_RECORDS, Load
from benchmarks.sending import Sending
from benchmarks.template import Template

COUNTRIES = ("AU", "BR", "CA", "DE", "ES", "FR", "GB", "IN", "JP", "MX", "NL", "US")
PLANS = ("free", "free", "free", "starter", "starter", "pro", "pro", "enterprise")
PERSON = re.compile(rb'"(?:userId|anonymousId)":"%\(people\)b([^"]+)"')
CONTEXT, PROPERTIES = b'"context":{"', b'"properties":{"'
TELLS_PLAN = re.compile(rb'"plan":|"event":"Subscription')
"""What says a plan, or leaves it out on purpose."""


class Market(Load):
    """The same people in some countries, on some plans; a function of the seed alone."""

    def __init__(
        self, partitions: int, seed: int = 1, minute_records: int = MINUTE_RECORDS
    ) -> None:
        super().__init__(partitions, seed, minute_records)
        self._templates = [_placed(template) for template in self._templates]

    def records(self, count: int) -> Iterator[Template]:
        """The first so many records."""
        every = (
            Template(partition, timestamp_ms + number * MINUTE_MS, value)
            for number in itertools.count()
            for partition, timestamp_ms, value in self._values(number)
        )
        return itertools.islice(every, count)

    def fill(self, bootstrap: str, topic: str, count: int) -> None:
        """Send the first so many records to a topic; raises RuntimeError when that fails."""
        sending = Sending(bootstrap, topic)
        for record in self.records(count):
            sending.send(*record)
        sending.finish()


def _placed(template: Template) -> Template:
    found = PERSON.search(template.value)
    if found is None:
        return template  # a broken one
    drawn = zlib.crc32(found[1])
    country = COUNTRIES[drawn % len(COUNTRIES)].encode()
    plan = PLANS[drawn // len(COUNTRIES) % len(PLANS)].encode()
    located = b'"context":{"location":{"country":"' + country + b'"},"'
    value = template.value.replace(CONTEXT, located, 1)
    if not TELLS_PLAN.search(value):
        value = value.replace(PROPERTIES, b'"properties":{"plan":"' + plan + b'","', 1)
    return template._replace(value=value)
