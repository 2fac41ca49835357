"""What is written in a wire format is read from it again."""

import json

import pytest

from streams.decoding import Decoder
from streams.event import Event
from streams.wire import CLOUDEVENTS, SEGMENT, WireFormat
from streams.written import Written, nested
from tests.streams.made_up import moment

DEEP = WireFormat(
    message_id="id", user="who.id", time="when.at", kind="kind", name="name", traits="who.says"
)


@pytest.mark.parametrize("wire", [SEGMENT, CLOUDEVENTS, DEEP], ids=["segment", "events", "deep"])
def test_an_event_that_is_written_is_read_as_it_was(wire: WireFormat) -> None:
    path = wire.property_path("feature")
    at = "2026-03-01T12:00:00+01:00"
    event = Written("1", "ada", at, "track", "Feature Used", {path: "export"})
    decoder = Decoder(wire, (path,), "user_only")
    (read,) = decoder.decode([json.dumps(event.record(wire)).encode()])
    assert isinstance(read, Event)
    assert (read.kind, read.name, read.person) == ("track", "Feature Used", "ada")
    assert (read.message_id, read.time) == ("1", moment(at))
    assert decoder.reader((path,))(read.said)[0] == "export"


def test_traits_stand_where_the_format_has_them() -> None:
    event = Written("1", "ada", "2026-03-01T12:00:00Z", "identify", None, {"who.says.plan": "pro"})
    assert event.record(DEEP) == {
        "id": "1",
        "who": {"id": "ada", "says": {"plan": "pro"}},
        "when": {"at": "2026-03-01T12:00:00Z"},
        "kind": "identify",
    }


def test_facts_that_share_a_beginning_share_an_object() -> None:
    assert nested({"a.b": 1, "a.c.d": 2, "e": 3}) == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
