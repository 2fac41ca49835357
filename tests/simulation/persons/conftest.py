"""The small world, with shards that are small too."""

from collections.abc import Iterator

import pytest

from streams.folding import Folding
from tests.simulation.small_world import SMALL, a_folding, shrink

SMALL_SHARDS = {"LEAST_NOTED": 6, "MOST_TOLD": 5, "PART_BYTES": 100, "MOST_AT_ONCE": 3}


@pytest.fixture(scope="module")
def folding() -> Iterator[Folding]:
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, SMALL | SMALL_SHARDS)
        yield a_folding()
