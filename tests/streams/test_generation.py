"""The generation: another state has another name, a changed catalogue has not."""

import re

import pytest

from streams.folding import Folding
from streams.generation import generation
from tests.streams.made_up import a_folding


def test_a_generation_is_16_hexadecimal_digits_and_always_the_same() -> None:
    assert re.fullmatch("[0-9a-f]{16}", generation(a_folding(), "topic"))
    assert generation(a_folding(), "topic") == generation(a_folding(), "topic")


@pytest.mark.parametrize(
    ("folding", "topic"),
    [
        (a_folding(), "another topic"),
        (a_folding(zone="UTC"), "topic"),
        (a_folding(person_key="user_only"), "topic"),
    ],
)
def test_a_state_folded_otherwise_is_another_generation(folding: Folding, topic: str) -> None:
    assert generation(folding, topic) != generation(a_folding(), "topic")


def test_a_changed_catalogue_is_the_same_generation() -> None:
    changed = a_folding({"mine.toml": "[metrics.shares]\nenabled = false"})
    assert generation(changed, "topic") == generation(a_folding(), "topic")
