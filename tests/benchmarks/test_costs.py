"""What is made of what was measured: delays, rates and shares."""

from pathlib import Path

import pytest

from benchmarks.costs.delays import Delays, percentile
from benchmarks.costs.kept_topics import Written
from benchmarks.costs.live import SECOND_MS, Second
from benchmarks.costs.many_workers import Mark
from benchmarks.costs.many_workers import point_of as workers_of
from benchmarks.costs.processes import Taken
from benchmarks.costs.traffic import point_of as traffic_of


@pytest.mark.parametrize(("percent", "value"), [(50, 2), (75, 3), (76, 4), (99, 4), (1, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile([3, 1, 4, 2], percent) == value


def test_a_probe_is_seen_when_as_many_are_shown_as_were_sent_up_to_it() -> None:
    delays = Delays(2)
    for partition, now in ((0, 10.0), (1, 11.0), (0, 12.0)):
        delays.send(partition, now)
    delays.show(0, 1, 10.5)
    delays.show(0, 1, 11.5)  # nothing new
    delays.show(0, 2, 13.0)
    assert delays.seconds == [0.5, 1.0]
    assert (delays.sent, delays.unseen) == (3, 1)


def test_a_probe_that_was_never_seen_is_as_old_as_it_is_by_then() -> None:
    delays = Delays(1)
    delays.send(0, 10.0)
    delays.send(0, 20.0)
    delays.show(0, 1, 10.25)
    assert delays.with_unseen(80.0) == [0.25, 60.0]


def test_bytes_are_told_for_an_event_and_for_a_checkpoint() -> None:
    by_topic = {"events": Written(3_800, 10), "units_changelog": Written(50_000, 40)}
    point = traffic_of(1_000, by_topic, 20_000, checkpoints=5)
    assert point["events_bytes_per_event"] == 380
    assert point["units_changelog_bytes_per_event"] == 5_000
    assert point["redis_bytes_per_event"] == 2_000
    assert (point["kilobytes_per_checkpoint"], point["rows_per_checkpoint"]) == (10, 8)


def test_processor_time_is_told_apart_by_who_took_it() -> None:
    processes = ("broker", "redis", "worker 0", "worker 1")
    first = Mark(100.0, {"0": 0, "1": 500}, Taken(dict.fromkeys(processes, 1.0), 50.0))
    taken = dict(zip(processes, (5.0, 1.5, 6.0, 5.0), strict=True))
    point = workers_of(2, [first, Mark(110.0, {"0": 9_000, "1": 9_500}, Taken(taken, 65.5))])
    assert point["events_per_second"] == 1_800
    assert point["events_per_worker_cpu_second"] == 2_000
    assert (point["workers_cpu_percent"], point["broker_cpu_percent"]) == (90, 40)
    assert (point["redis_cpu_percent"], point["others_cpu_percent"]) == (5, 20)


def test_a_second_of_live_traffic_has_the_times_of_that_second() -> None:
    second, rate = 1_800_000_123, 500
    records = list(Second(partitions=2, rate=rate).at(second))
    times = [record.timestamp_ms for record in records]
    assert len(records) == rate
    assert times == sorted(times)
    assert {time // SECOND_MS for time in times} == {second}


def test_the_same_second_comes_again_with_other_ids() -> None:
    made = Second(partitions=2, rate=500)
    first, again = (list(made.at(second)) for second in (1_800_000_000, 1_800_000_001))
    differ = [one.value != other.value for one, other in zip(first, again, strict=True)]
    assert sum(differ) > 0.9 * len(differ)  # broken ones stay as they are


def test_what_this_process_takes_is_part_of_what_the_machine_takes() -> None:
    own = int(Path("/proc/self/stat").read_text(encoding="ascii").split()[0])
    taken = Taken.now({"own": own})
    assert 0 < taken.by["own"] <= taken.machine
