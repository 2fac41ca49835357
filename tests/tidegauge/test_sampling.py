"""`tidegauge check` says of a sample which metric each record meets, and why others meet none."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, NamedTuple

from streams.folding import Folding
from tidegauge.assembly import folding
from tidegauge.sampling import Findings, examine
from tidegauge.settings import Settings


class Sampled(NamedTuple):
    offset: int
    value: bytes | None
    partition: int = 3
    timestamp: int = 0


def shipped() -> Folding:
    return folding(Settings())


def track(event: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "messageId": "m", "userId": "u", "event": event} | {
        "properties": properties
    }


def sample(*records: Any, under: Folding | None = None) -> Findings:
    values = [r if isinstance(r, bytes) else json.dumps(r).encode() for r in records]
    return examine(under or shipped(), [Sampled(n, value) for n, value in enumerate(values)])


def test_an_empty_sample_finds_nothing() -> None:
    assert sample() == Findings()


def test_an_event_is_found_in_every_metric_it_counts_in() -> None:
    found = sample(track("Order Completed", revenue=5, currency="EUR"))
    assert dict(found.metrics) == dict.fromkeys(
        ("active_users", "interactions", "conversions", "converting_users", "revenue"), 1
    )
    assert not found.unmatched


def test_an_event_that_only_interacts_is_named_as_such() -> None:
    found = sample(track("Door Opened"), {"type": "screen", "messageId": "m", "userId": "u"})
    assert dict(found.unmatched) == {
        "track 'Door Opened' (an interaction, nothing more)": 1,
        "screen (an interaction, nothing more)": 1,
    }


def test_a_record_that_is_no_interaction_is_named_by_its_kind() -> None:
    found = sample({"type": "identify", "messageId": "m", "userId": "u"})
    assert dict(found.unmatched) == {"identify": 1}


def test_a_value_outside_a_closed_set_is_counted_under_its_label() -> None:
    found = sample(track("Brand Mentioned", channel="pigeon"), track("Brand Mentioned"))
    assert found.metrics["mentions"] == 2
    assert +found.others == {("mentions", "channel"): 1}


def test_a_number_that_cannot_be_summed_is_left_out_with_its_reason() -> None:
    found = sample(
        track("Order Completed", revenue="a lot"),
        track("Order Completed"),
        track("Order Completed", revenue=1),
    )
    assert found.metrics["revenue"] == 1
    assert sum(found.skipped.values()) == 2
    assert {metric for metric, _ in found.skipped} == {"revenue"}


def test_an_answer_that_is_no_score_is_left_out_with_its_reason() -> None:
    scores = (5, 4.0, 6, "5", 4.5, None)
    found = sample(*[track("CSAT Answered", score=score) for score in scores])
    assert found.metrics["csat"] == 2
    assert dict(found.skipped) == {
        ("csat", reason): 1 for reason in ("out_of_range", "not_a_number", "not_whole", "no_value")
    }


def test_a_value_outside_a_strict_set_is_left_out_of_counts_too() -> None:
    strict = {"channel": {"property": "channel", "values": ["email"], "strict": True}}
    under = folding(replace(Settings(), catalogue={"mine.toml": {"labels": strict}}))
    found = sample(track("Brand Mentioned", channel="pigeon"), under=under)
    assert found.metrics["mentions"] == 0
    assert dict(found.skipped) == {("mentions", "unknown label"): 1}


def test_bots_meet_no_metric() -> None:
    page = {"type": "page", "messageId": "m", "userId": "u", "name": "Home"}
    found = sample(
        page | {"context": {"bot": True}},
        page | {"context": {"userAgent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}},
        page,
    )
    assert (found.records, found.bots, found.metrics["page_views"]) == (3, 2, 1)


def test_records_of_nobody_are_told() -> None:
    under = folding(replace(Settings(), person_key="user_only"))
    page = {"type": "page", "messageId": "m", "anonymousId": "a", "name": "Home"}
    found = sample(page, under=under)
    assert (found.nobody, found.metrics["page_views"], found.metrics["active_users"]) == (1, 1, 0)


def test_what_cannot_be_read_is_told_by_reason_with_three_places() -> None:
    found = sample(*[b"not json"] * 5, b"[]", b"\xff")
    assert dict(found.rejections) == {"not_json": 5, "not_object": 1, "invalid_utf8": 1}
    assert len(found.rejected["not_json"]) == 3
    assert found.rejected["not_object"][0].startswith("partition 3, offset 5: ")


def test_what_is_told_of_a_record_cannot_command_the_terminal() -> None:
    escape = "\x1b]0;owned\x07"
    found = sample(
        track(escape),
        {"type": escape, "messageId": "m"},
        {"type": "page", "messageId": "m", "timestamp": escape},
        {"type": "page", "messageId": 5, escape: 1},
        escape.encode(),
    )
    told = [*found.unmatched, *(text for texts in found.rejected.values() for text in texts)]
    assert len(told) == 5
    assert not any("\x1b" in text or "\x07" in text for text in told), told


def test_an_event_that_only_says_something_of_a_person_meets_that() -> None:
    traits = {"plan": "pro", "subscribed_at": "2024-05-01T00:00:00Z"}
    listed = {"type": "identify", "messageId": "m", "userId": "u", "traits": traits}
    listed |= {"timestamp": "2026-03-02T10:00:00Z"}
    found = sample(track("NPS Answered", score=9), track("Payment Failed"), listed)
    assert found.facts == {"nps": 1, "payment": 1, "subscription": 1}
    assert not found.unmatched


def test_what_says_nothing_of_a_person_is_left_out_with_its_reason() -> None:
    soon = track("Subscribers Declared", since="soon")
    nobody = track("NPS Answered", score=9) | {"userId": None}
    found = sample(track("NPS Answered", score=11), soon, nobody)
    assert not found.facts
    assert found.skipped == {("nps", "out_of_range"): 1, ("declared", "bad_time"): 1}
    assert set(found.unmatched) == {
        "track 'NPS Answered' (an interaction, nothing more)",
        "track 'Subscribers Declared' (an interaction, nothing more)",
    }


def test_launches_are_named_and_what_cannot_be_used_of_them_is_told() -> None:
    found = sample(
        track("Launch Started", name="New pricing", metric=7),
        track("Launch Ended", name="Dark mode"),
        track("Launch Ended"),
    )
    assert found.launches == {"New pricing", "Dark mode"}
    assert dict(found.skipped) == {("launches", "not_text"): 1, ("launches", "no_name"): 1}
    assert found.unmatched.total() == 1
