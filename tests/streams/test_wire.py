"""Wire formats: where each fact of an event is read from, and who its person is."""

import json
from typing import Any

import pytest

from streams.decoding import Decoder
from streams.event import Event, Rejected
from streams.wire import CLOUDEVENTS, SEGMENT, PersonKey, WireFormat
from tests.streams.made_up import body, moment


def decode_one(value: bytes, person_key: PersonKey = "user_else_anonymous") -> Any:
    (found,) = Decoder(SEGMENT, (), person_key).decode([value])
    return found


PERSONS = [
    # user, anonymous, user_else_anonymous, anonymous_else_user, user_only
    ("u", "a", "u", "a", "u"),
    ("u", None, "u", "u", "u"),
    ("u", "", "u", "u", "u"),
    (None, "a", "a", "a", None),
    ("", "a", "a", "a", None),
    (7, "a", "7", "a", "7"),
    (0, None, "0", "0", "0"),
    (0, "a", "0", "a", "0"),
    ("u", 0, "u", "0", "u"),
]


@pytest.mark.parametrize("row", PERSONS, ids=str)
def test_the_person_is_chosen_by_the_key(row: tuple[Any, ...]) -> None:
    user, anonymous, *expected = row
    value = body(user=user, anonymousId=anonymous)
    keys: tuple[PersonKey, ...] = ("user_else_anonymous", "anonymous_else_user", "user_only")
    assert [decode_one(value, key).person for key in keys] == expected


@pytest.mark.parametrize(
    ("user", "anonymous", "both"),
    [("u", "a", True), (0, "a", True), (7, 0, True), ("u", "", False), (None, "a", False)],
)
def test_records_that_name_both_identities_are_marked(user: Any, anonymous: Any, both: Any) -> None:
    assert decode_one(body(user=user, anonymousId=anonymous)).both_identities is both


def test_cloudevents_are_tracks_named_by_their_type() -> None:
    value = json.dumps(
        {
            "specversion": "1.0",
            "id": "1",
            "type": "Feature Used",
            "time": "2026-03-01T12:00:00Z",
            "data": {"userId": 5, "feature": "search"},
        }
    )
    paths = (CLOUDEVENTS.property_path("feature"),)
    decoder = Decoder(CLOUDEVENTS, paths, "user_else_anonymous")
    (found,) = decoder.decode([value.encode()])
    assert isinstance(found, Event)
    time = moment("2026-03-01T12:00:00Z")
    assert found == Event("track", "1", "Feature Used", "5", False, time, False, None, found.said)  # noqa: FBT003
    assert decoder.reader(paths)(found.said)[0] == "search"


def test_a_custom_format_is_read_by_its_paths() -> None:
    wire = WireFormat(message_id="meta.id", user="who", time="meta.at", name="what")
    decoder = Decoder(wire, ("size",), "user_only")
    found = decoder.decode(
        [b'{"meta":{"id":"1","at":"2026-03-01T12:00:00Z"},"who":"u","what":"x","size":[1]}', b"{}"]
    )
    time = moment("2026-03-01T12:00:00Z")
    assert isinstance(found[0], Event)
    said = found[0].said
    assert found[0] == Event("track", "1", "x", "u", False, time, False, None, said)  # noqa: FBT003
    assert decoder.reader(("size",))(said)[0] == [1]
    assert isinstance(found[1], Rejected)
    assert found[1].reason == "missing_field"


@pytest.mark.parametrize("paths", [("context",), ("userId.first",)])
def test_paths_that_cross_each_other_are_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="path"):
        Decoder(SEGMENT, paths, "user_only")
