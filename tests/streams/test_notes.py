"""Notes: read from TOML in the order of their dates, or every mistake told at once."""

from datetime import date

import pytest

from streams.notes import Note, read_notes
from streams.schema import ConfigurationError

METRICS = ("active_users", "conversions")
LATE = """
[[notes]]
date = 2026-11-03
until = 2026-11-05
metric = "conversions"
happened = "A third fewer orders."
reason = "The payment provider was down."
response = "A second provider by December."
"""
EARLY = LATE.replace("2026-11-03", "2026-10-01").replace("until = 2026-11-05\n", "")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read_notes(text, "notes.toml", METRICS)
    return [str(problem) for problem in caught.value.problems]


def test_notes_are_read_in_the_order_of_their_dates() -> None:
    texts = ("A third fewer orders.", "The payment provider was down.")
    response = "A second provider by December."
    early, late = date(2026, 10, 1), date(2026, 11, 3)
    assert read_notes(LATE + EARLY, "notes.toml", METRICS) == [
        Note(early, "conversions", *texts, response, early),
        Note(late, "conversions", *texts, response, date(2026, 11, 5)),
    ]
    assert read_notes("", "notes.toml", METRICS) == []


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    text = LATE.replace('"conversions"', '"conversion"').replace("reason", "raeson")
    text += LATE.replace("date = 2026-11-03", "date = 2026-12-03")
    text += LATE.replace("date = 2026-11-03", "date = 2026-11-03T10:00:00")
    moment = "datetime.datetime(2026, 11, 3, 10, 0)"
    assert problems(text) == [
        "notes.toml: notes[0].metric: must be one of active_users, conversions, not 'conversion'",
        "notes.toml: notes[0]: unknown key 'raeson'; did you mean 'reason'?",
        "notes.toml: notes[0]: needs 'reason': a text that is not empty",
        "notes.toml: notes[1].until: must not be before 2026-12-03",
        f"notes.toml: notes[2].date: must be a date without quotes, 2026-03-02, not {moment}",
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[notes]", "notes.toml: is not TOML: "),
        ("notes = 3", "notes.toml.notes: must be tables, each under [[notes]], not 3"),
        ("notes = [3]", "notes.toml: notes[0]: must be a table, not 3"),
        ("[[note]]", "notes.toml: unknown key 'note'; did you mean 'notes'?"),
    ],
)
def test_what_are_no_notes_is_told(text: str, told: str) -> None:
    assert problems(text)[0].startswith(told)
