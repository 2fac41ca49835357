"""One small world for all schedules."""

from collections.abc import Iterator

import pytest

from streams.folding import Folding
from tests.simulation.small_world import a_folding, shrink


@pytest.fixture(scope="module")
def folding() -> Iterator[Folding]:
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        yield a_folding()
