"""Three minutes of chaos, and nothing is lost or counted twice; `make chaos` does it for longer."""

from collections.abc import Callable

import pytest

from tests.chaos.__main__ import told
from tests.chaos.run import run


@pytest.mark.long
@pytest.mark.kafka
@pytest.mark.timeout(1_500)
@pytest.mark.usefixtures("kafka_is_here")
def test_nothing_is_lost_or_counted_twice_whatever_is_broken(
    record_property: Callable[[str, object], None],
) -> None:
    report = run(seed=2, minutes=3, rate=150, rule_off="")
    text = "\n".join(told(report))
    record_property("printed", text)
    assert len(report.happened) >= 5, text
    assert report.judgement.windows_compared > 1_000, text
    assert not report.all_wrong, text
