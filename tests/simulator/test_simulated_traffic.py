"""What the simulator makes: reproducible, realistic, and independent of the product."""

import ast
import collections
import itertools
import json
import random
import re
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import tidegauge.simulator
from tests.simulator.outcome_model import corrected_ms, milliseconds
from tidegauge.simulator import Disturbances
from tidegauge.simulator.feed import Feed
from tidegauge.simulator.record import Record, time_text
from tidegauge.simulator.shape import spread

PARIS = ZoneInfo("Europe/Paris")
NOON_MS = 1_767_956_400_000  # 2026-01-09T11:00:00Z, a Friday
DAY_MS = 86_400_000


def history(seed: int = 1, count: int = 3_000) -> list[Record]:
    feed = Feed(4, PARIS, seed, Disturbances(), people=300)
    return list(feed.history(NOON_MS - 35 * DAY_MS, NOON_MS, count))


def live(seed: int, count: int) -> list[Record]:
    feed = Feed(4, PARIS, seed, Disturbances(), people=300)
    feed.begin(1_000)
    return list(
        itertools.islice(
            itertools.chain.from_iterable(map(feed.records, range(NOON_MS, sys.maxsize))), count
        )
    )


def test_same_seed_gives_the_same_bytes() -> None:
    assert history(seed=7) == history(seed=7)
    assert live(7, 5_000) == live(7, 5_000)


def test_other_seed_gives_other_bytes() -> None:
    assert not {r.value for r in live(7, 500)} & {r.value for r in live(8, 500)}


def test_message_ids_are_unique_but_for_duplicates() -> None:
    records = [r for r in live(3, 20_000) if r.truth.outcome not in {"duplicate", "dead_letter"}]
    ids = {json.loads(record.value)["messageId"] for record in records}
    assert len(ids) == len(records)


def test_most_records_have_200_to_400_bytes() -> None:
    fitting = sum(200 <= len(record.value) <= 400 for record in live(3, 5_000))
    assert fitting > 0.85 * 5_000


def test_record_time_and_event_time_of_history_agree_and_stay_inside_it() -> None:
    for record in history():
        assert record.timestamp_ms == record.truth.time_ms
        assert NOON_MS - 35 * DAY_MS <= record.timestamp_ms < NOON_MS
        assert corrected_ms(json.loads(record.value)) == record.truth.time_ms


def test_history_is_in_time_order_within_ninety_seconds() -> None:
    newest = 0
    for record in history():
        assert record.timestamp_ms > newest - 90_000
        newest = max(newest, record.timestamp_ms)


def test_both_readings_of_a_skewed_clock_give_the_same_time() -> None:
    payloads = [json.loads(record.value) for record in history()]
    skewed = [payload for payload in payloads if "originalTimestamp" in payload]
    assert len(skewed) > 100
    for payload in skewed:
        assert corrected_ms(payload) == milliseconds(payload["timestamp"])
        assert payload["originalTimestamp"] != payload["timestamp"]


def test_timestamps_have_milliseconds_and_zone() -> None:
    pattern = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
    assert all(pattern.fullmatch(json.loads(r.value)["timestamp"]) for r in history(count=500))
    assert time_text(1_767_956_400_007) == "2026-01-09T11:00:00.007Z"


def test_only_bots_look_like_crawlers() -> None:
    is_crawler = pytest.importorskip("crawleruseragents").is_crawler
    agents = collections.defaultdict(set)
    for record in live(3, 20_000):
        if record.truth.outcome in {"accepted", "bot"}:
            context = json.loads(record.value)["context"]
            agents[record.truth.outcome].add((context.get("userAgent"), context.get("bot", False)))
    assert not any(bot or (agent and is_crawler(agent)) for agent, bot in agents["accepted"])
    assert all(bot or is_crawler(agent) for agent, bot in agents["bot"])


def test_persons_come_back_and_some_do_so_often() -> None:
    visits = collections.Counter(record.truth.person for record in live(3, 20_000))
    assert visits.most_common(1)[0][1] > 20 * min(visits.values())


def test_a_person_who_signs_up_has_a_user_id_from_then_on() -> None:
    seen: dict[str, str] = {}
    for record in history(count=5_000):
        payload = json.loads(record.value)
        if payload.get("userId") and payload.get("anonymousId"):
            assert seen.setdefault(payload["anonymousId"], payload["userId"]) == payload["userId"]
        elif payload.get("anonymousId"):
            assert payload["anonymousId"] not in seen


def test_answers_to_a_survey_are_on_the_scale_but_for_a_few_of_every_odd_kind() -> None:
    scores = [
        payload["properties"].get("score")
        for payload in (json.loads(record.value) for record in history(seed=2, count=60_000))
        if payload.get("event") == "CSAT Answered"
    ]
    odd = [score for score in scores if type(score) is not int or not 1 <= score <= 5]
    assert {repr(score) for score in odd} == {
        *("4.0", "0", "6", "10", "4.5", "'5'", "'great'", "None")
    }
    assert 0.03 < len(odd) / len(scores) < 0.15
    assert set(range(1, 6)) <= set(scores)


def test_nights_are_quieter_than_days() -> None:
    times = spread(NOON_MS, NOON_MS + 10 * DAY_MS, 20_000, PARIS, random.Random(1))
    hours = collections.Counter((time_ms // 3_600_000 + 1) % 24 for time_ms in times)
    assert hours[3] * 3 < hours[10]


@pytest.mark.parametrize("span_ms", [1, 999, 3_600_001, 90_000_000])
def test_spread_is_ordered_inside_its_span_and_exact_in_number(span_ms: int) -> None:
    times = spread(NOON_MS, NOON_MS + span_ms, 500, PARIS, random.Random(1))
    assert times == sorted(times)
    assert len(times) == 500
    assert all(NOON_MS <= time_ms < NOON_MS + span_ms for time_ms in times)


def test_a_person_stays_on_one_partition_but_for_a_few_records() -> None:
    lanes: dict[str | None, collections.Counter[int]] = collections.defaultdict(collections.Counter)
    for record in live(3, 20_000):
        lanes[record.truth.person][record.partition] += 1
    at_home = sum(counter.most_common(1)[0][1] for counter in lanes.values())
    assert 0.94 * 20_000 < at_home < 0.99 * 20_000


def test_the_simulator_shares_no_code_with_what_it_measures() -> None:
    # The producer only sends, and brokers say where to: what is counted passes through neither.
    ours = {"tidegauge.simulator", "tidegauge.producer", "agents.brokers"}
    allowed = {*sys.stdlib_module_names, "kafka", "rich", *ours}
    for path in Path(tidegauge.simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                outer = {name.split(".")[0], ".".join(name.split(".")[:2])}
                assert outer & allowed, f"{path.name} imports {name}"
