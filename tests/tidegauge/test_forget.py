"""`tidegauge forget`: whom it takes to be meant, and what it refuses without repeating an id."""

import io
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from agents.settings import Refusal
from streams.folding import Folding
from streams.wire import WireFormat
from tests.streams.made_up import a_folding, moment
from tidegauge import __main__ as command
from tidegauge.forget import listed, records_of

NOON = moment("2026-06-01T12:00Z")
WHO = "ada@example.com"


class Stdin(NamedTuple):
    buffer: io.BytesIO


def test_a_file_has_an_id_a_line(tmp_path: Path) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes("\ufeffada\r\n\n two words \nbob".encode())
    assert list(listed(str(file))) == ["ada", " two words ", "bob"]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Stdin(io.BytesIO(b"ada\nbob\n")))
    assert list(listed("-")) == ["ada", "bob"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{WHO}\n{WHO * 40}\n".encode(), "line 2: has more than 512 characters"),
        (f"{WHO}\n{WHO}\xff".encode("latin-1"), "line 2: is not UTF-8"),
        (b"\n\n", "nobody is named"),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_without_the_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, told: str
) -> None:
    file = tmp_path / "ids.txt"
    file.write_bytes(content)
    assert command.main(["forget", "--file", str(file)]) == command.EXIT_CONFIGURATION
    said = capsys.readouterr().err
    assert told in said
    assert WHO not in said


def test_a_file_that_is_not_there_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["forget", "--file", "nowhere.txt"]) == command.EXIT_CONFIGURATION
    assert "'nowhere.txt' cannot be read: No such file" in capsys.readouterr().err


def test_records_that_name_no_events_cannot_tell_whom_to_forget() -> None:
    folding: Folding = a_folding()
    folding.wire = WireFormat(message_id="id", user="who", time="at")
    with pytest.raises(Refusal, match="the path of the `name`"):
        list(records_of(["ada"], folding, NOON))


def test_to_forget_at_another_time_is_another_event() -> None:
    folding = a_folding()
    once, again = (next(records_of(["ada"], folding, time)) for time in (NOON, NOON + 1))
    assert once[0] == again[0]
    assert once[1] != again[1]
