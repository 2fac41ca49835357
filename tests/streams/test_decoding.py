"""Decoding: every record gets its event or its reason, whatever stands beside it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.decoding import FEW_RECORDS, MAX_DEPTH, MAX_RECORD_BYTES, Decoder
from streams.event import REASONS, Event, Rejected
from streams.wire import SEGMENT
from tests.streams.made_up import body, moment

PATHS = ("name", "properties.feature", "properties.revenue")


def decoder() -> Decoder:
    return Decoder(SEGMENT, PATHS, "user_else_anonymous")


def decode_one(value: bytes | None) -> Any:
    (found,) = decoder().decode([value])
    return found


def times(**more: Any) -> bytes:
    return body(**more)


def nested(depth: int) -> bytes:
    """A good record nested exactly so deep."""
    inner = "[" * (depth - 2) + "]" * (depth - 2)
    return b'{"type":"page","messageId":"m","userId":"u","x":{"y":%s}}' % inner.encode()


BROKEN = [
    ("no value", None, "not_json"),
    ("nothing", b"", "not_json"),
    ("blanks", b"  ", "not_json"),
    ("words", b"hello", "not_json"),
    ("cut off", body()[:-1], "not_json"),
    ("something behind", body() + b" x", "not_json"),
    ("two records", body() + b"," + body(), "not_json"),
    ("byte order mark", b"\xef\xbb\xbf" + body(), "not_json"),
    ("UTF-16", body().decode().encode("utf-16"), "invalid_utf8"),
    (
        "invalid UTF-8 where nobody looks",
        body(elsewhere="ada2").replace(b"ada2", b"\xff"),
        "invalid_utf8",
    ),
    (
        "NaN",
        b'{"type":"page","messageId":"m","userId":"u","properties":{"revenue":NaN}}',
        "not_json",
    ),
    ("lone surrogate", body(user="\ud800 is half"), "not_json"),
    ("a number", b"5", "not_object"),
    ("null", b"null", "not_object"),
    ("a list", b"[]", "not_object"),
    ("a text", b'"x"', "not_object"),
    ("infinite", body(properties={"revenue": 1}).replace(b": 1}", b": 1e999}"), "wrong_type"),
    (
        "5000 digits",
        body(properties={"revenue": 1}).replace(b": 1}", b": 1" + b"1" * 5000 + b"}"),
        "wrong_type",
    ),
    ("id is a number", body(message_id=5), "wrong_type"),  # type: ignore[arg-type]
    ("id is empty", body(message_id=""), "wrong_type"),
    ("id is endless", body(message_id="x" * 513), "wrong_type"),
    ("user is true", body(user=True), "wrong_type"),
    ("user is a list", body(user=["u"]), "wrong_type"),
    ("user is a fraction", body(user=1.5), "wrong_type"),
    ("context is a text", body(context="x"), "wrong_type"),
    ("properties are a list", body(properties=[1]), "wrong_type"),
    ("bot is a text", body(context={"bot": "no"}), "wrong_type"),
    ("no type", b'{"messageId":"m","userId":"u"}', "missing_field"),
    ("no id", b'{"type":"page","userId":"u"}', "missing_field"),
    ("a track without a name", body(None), "missing_field"),
    ("a track with an empty name", body(""), "missing_field"),
    ("nobody", body(user=None), "missing_field"),
    ("an empty somebody", body(user="", anonymousId=""), "missing_field"),
    ("an unknown type", body(kind="click"), "unknown_type"),
    ("an empty type", body(kind=""), "unknown_type"),
    ("a type that lies", body(kind="missing required field"), "unknown_type"),
    ("time without zone", times(timestamp="2026-03-01T12:00:00"), "bad_time"),
    ("time in words", times(timestamp="yesterday"), "bad_time"),
    ("time of a leap second", times(timestamp="2016-12-31T23:59:60Z"), "bad_time"),
    ("time in 1999", times(timestamp="1999-12-31T23:59:59Z"), "bad_time"),
    ("time in 2100", times(timestamp="2100-01-01T00:00:00Z"), "bad_time"),
    ("time in year 1", times(timestamp="0001-01-01T00:00:00+14:00"), "bad_time"),
    (
        "a clock that corrects itself out of the calendar",
        times(
            timestamp="2026-01-01T00:00:00Z",
            originalTimestamp="2020-01-01T00:00:00Z",
            sentAt="9999-01-01T00:00:00Z",
            receivedAt="0001-01-01T00:00:00Z",
        ),
        "bad_time",
    ),
    ("too large", body(properties={"feature": "x" * MAX_RECORD_BYTES}), "too_large"),
    ("too deep", nested(MAX_DEPTH + 1), "too_deep"),
    ("far too deep", b"[" * 100_000, "too_deep"),
    ("invalid UTF-8", body().replace(b"ada", b"\xff"), "invalid_utf8"),
    ("overlong UTF-8", body().replace(b"ada", b"\xc0\xaf"), "invalid_utf8"),
]


@pytest.mark.parametrize(
    ("value", "reason"), [row[1:] for row in BROKEN], ids=[r[0] for r in BROKEN]
)
def test_every_unreadable_record_has_its_reason(value: bytes | None, reason: str) -> None:
    found = decode_one(value)
    assert isinstance(found, Rejected)
    assert found.reason == reason
    assert found.reason in REASONS
    assert found.detail


@pytest.mark.parametrize("told", ["ada@example.com", "it's - at `$.type`"])
def test_what_was_wrong_is_told_without_what_the_record_says(told: str) -> None:
    for value in (body(kind=told), body(message_id=told, kind=told), body(user=[told])):
        found = decode_one(value)
        assert isinstance(found, Rejected)
        assert told not in found.detail


def test_every_reason_is_reached_by_the_table() -> None:
    assert {row[2] for row in BROKEN} == set(REASONS)


PIECES = [
    b'{"type":"page","messageId":"m","userId":"u","x":[1',
    b"2]}",
    b'{"type":"page","messageId":"m","userId":"u","x":"',
    b'"}',
    body() + b"," + body(),
    body() + b"," + body() + b"," + body(),
    body() + b",",
    b"," + body(),
    body() + b",1," + body(),
    b"1",
    b"],[",
    b"]",
    b"[",
]
GOOD = [
    body(),
    body(properties=None, context=None),
    b" \n" + body(user="\u00e9\U0001f600") + b"\n",
    body(None, kind="page", name="Home", anonymousId="x"),
]
RECORDS = st.sampled_from(
    [*PIECES, *GOOD, *GOOD, *(row[1] for row in BROKEN if row[2] != "too_deep")]
)


@given(st.lists(RECORDS, max_size=8))
def test_the_fate_of_a_record_does_not_depend_on_its_neighbours(values: list[bytes | None]) -> None:
    shared = decoder()
    alone = [found for value in values for found in shared.decode([value])]
    assert shared.decode(values) == alone


@pytest.mark.parametrize("every", [1, 2, 7, 63, 64, 65, 200])
def test_long_batches_are_read_like_single_records(every: int) -> None:
    troubles = [*PIECES, *(row[1] for row in BROKEN)]
    values = [
        troubles[i // every % len(troubles)] if i % every == 0 else GOOD[i % len(GOOD)]
        for i in range(300)
    ]
    one = decoder()
    assert one.decode(values) == [found for v in values for found in one.decode([v])]


@given(st.lists(st.binary(max_size=40) | RECORDS, max_size=6))
def test_no_bytes_whatsoever_raise(values: list[bytes | None]) -> None:
    assert len(decoder().decode(values)) == len(values)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = st.dictionaries(
    st.sampled_from(
        [
            "type",
            "messageId",
            "event",
            "userId",
            "anonymousId",
            "timestamp",
            "sentAt",
            "receivedAt",
            "originalTimestamp",
            "context",
            "properties",
            "name",
        ]
    ),
    JSON,
)


@given(st.lists(FIELDS, max_size=4))
def test_objects_of_any_shape_are_read_alike_together_and_alone(
    objects: list[dict[str, Any]],
) -> None:
    values = [
        json.dumps({"messageId": "m", "type": "page", "userId": "u"} | o).encode() for o in objects
    ]
    one = decoder()
    assert one.decode(values) == [found for v in values for found in one.decode([v])]


@given(JSON)
def test_property_values_of_any_shape_are_handed_on(value: Any) -> None:
    found = decode_one(body(properties={"feature": value, "revenue": value}))
    assert isinstance(found, Event)
    assert decoder().reader(PATHS)(found.said) == (None, value, value)


def test_null_context_and_properties_are_empty_ones() -> None:
    found = decode_one(body().replace(b"}", b', "context": null, "properties": null}'))
    assert isinstance(found, Event)
    assert (found.bot, found.user_agent) == (False, None)
    assert decoder().reader(PATHS)(found.said) == (None, None, None)


def test_depth_is_allowed_up_to_the_limit_itself() -> None:
    assert isinstance(decode_one(nested(MAX_DEPTH)), Event)
    assert decode_one(nested(MAX_DEPTH + 1)).reason == "too_deep"


def test_brackets_in_texts_and_many_siblings_are_not_depth() -> None:
    assert isinstance(decode_one(body(properties={"feature": '"[{\\' * 500})), Event)
    assert isinstance(decode_one(body(properties={"feature": [[]] * 500})), Event)


@given(
    st.recursive(
        st.text(alphabet='"\\\\[]{}\na', max_size=4),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=2), inner),
    ),
    st.integers(MAX_DEPTH - 6, MAX_DEPTH),
)
def test_a_record_is_too_deep_exactly_when_more_stand_in_each_other(value: Any, lists: int) -> None:
    for _ in range(lists):
        value = [value]
    found = decode_one(body(properties={"feature": value}))
    is_too_deep = isinstance(found, Rejected) and found.reason == "too_deep"
    assert is_too_deep is (2 + height(value) > MAX_DEPTH)


def height(value: Any) -> int:
    """How many objects and lists stand in each other."""
    inner = value.values() if isinstance(value, dict) else value
    return 0 if isinstance(value, str) else 1 + max(map(height, inner), default=0)


@pytest.mark.parametrize("siblings", [FEW_RECORDS - 1, MAX_DEPTH - 3, MAX_DEPTH])
def test_one_that_is_too_deep_is_found_among_rich_ones(siblings: int) -> None:
    rich = body(properties={"feature": [{}] * siblings})
    found = decoder().decode([*[rich] * 20, nested(MAX_DEPTH + 1), *[rich] * 20])
    assert [place for place, one in enumerate(found) if isinstance(one, Rejected)] == [20]


def test_size_is_allowed_up_to_the_limit_itself() -> None:
    padding = MAX_RECORD_BYTES - len(body(properties={"feature": ""}))
    assert isinstance(decode_one(body(properties={"feature": "x" * padding})), Event)
    assert decode_one(body(properties={"feature": "x" * (padding + 1)})).reason == "too_large"


@pytest.mark.timeout(20)
def test_a_hostile_record_is_judged_in_linear_time() -> None:
    # 65 brackets ask for the depth to be measured; each quote could begin a text that never ends.
    assert isinstance(decode_one(b"[" * 65 + b'\\"' * 60_000), Rejected)


CLOCKS = {
    "timestamp": "2026-03-01T12:00:00Z",
    "originalTimestamp": "2026-03-01T11:00:00Z",
    "sentAt": "2026-03-01T11:00:30Z",
    "receivedAt": "2026-03-01T13:00:30.500Z",
}


def test_a_wrong_clock_is_corrected_by_the_time_it_was_sent_and_received() -> None:
    # client: original 11:00:00, sent 11:00:30    server: received 13:00:30.5   -> it was 13:00:00.5
    assert decode_one(times(**CLOCKS)).time == moment("2026-03-01T13:00:00.500Z")


@pytest.mark.parametrize("missing", ["originalTimestamp", "sentAt", "receivedAt"])
def test_without_all_three_clocks_the_timestamp_counts(missing: str) -> None:
    clocks = {key: value for key, value in CLOCKS.items() if key != missing}
    assert decode_one(times(**clocks)).time == moment("2026-03-01T12:00:00Z")


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    found = decode_one(times(timestamp="2026-03-01T12:00:00.123+05:30"))
    assert found.time == moment("2026-03-01T06:30:00.123Z")


def test_a_record_without_a_time_has_none() -> None:
    assert decode_one(body()).time is None
