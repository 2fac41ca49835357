"""Whatever comes in has its outcome, on every surface; `make fuzz` looks further."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.surface import Surface
from tests.fuzz.surfaces import SURFACES

INPUTS = {
    "decoding": 1_000,
    "configuration": 60,
    "subscribers": 1_000,
    "changelog": 300,
    "persons": 200,
    "published": 60,
    "web": 2_000,
}
"""How many are tried in `make test`; what takes longer gets fewer."""
LONG = 20
"""How many times as many in `make test-long`."""
MOST_CHANGES = 4


@pytest.fixture(scope="module", params=SURFACES)
def surface(request: pytest.FixtureRequest) -> Iterator[Surface]:
    found = SURFACES[request.param]()
    yield found
    found.close()


def changed(surface: Surface, data: bytes, seed: int) -> bytes:
    """An input with some changes, as many as its structure survives."""
    rng = random.Random(seed)
    try:
        for _ in range(rng.randint(1, MOST_CHANGES)):
            data = surface.change(data, rng)
    except (ValueError, LookupError, TypeError, AttributeError):
        return data
    return data


def examine(surface: Surface, count: int) -> None:
    seeds = st.sampled_from(list(surface.seeds()))
    inputs = st.builds(lambda *args: changed(surface, *args), seeds, st.integers(0, 1 << 32))

    @settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))
    @given(inputs | st.binary(max_size=200))
    def try_one(data: bytes) -> None:
        assert surface.examine(data)

    try_one()


def test_every_input_has_its_outcome(surface: Surface) -> None:
    examine(surface, INPUTS[surface.name])


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_every_input_of_many_has_its_outcome(surface: Surface) -> None:
    examine(surface, LONG * INPUTS[surface.name])


FOUND = [
    ("web", b"no request at all\r\n\r\n", "400"),
    ("web", b"GET / HTTP/1.1\r\n\r\n", "400"),
    ("configuration", b"goals = " + b"[" * 2_000, "refused"),
    ("configuration", b"[kafka]\ntopic = 0x" + b"f" * 4_000, "refused"),
]
"""Inputs that ended badly once, and how they must end."""


@pytest.mark.parametrize(("name", "data", "outcome"), FOUND)
def test_what_was_found_ends_as_it_should(name: str, data: bytes, outcome: str) -> None:
    surface = SURFACES[name]()
    assert surface.examine(data) == outcome
    surface.close()
