"""A world that is small enough for 150 records to see everything come, become final and go."""

import sys
from collections.abc import Mapping
from zoneinfo import ZoneInfo

import pytest

from streams.catalogue_file import load
from streams.folding import Folding
from streams.panes import DAY, HOUR, MINUTE, Calendar, Grain
from streams.wire import SEGMENT

GENERATION = "simulated"
SMALL = {
    "BLOCK": 4,
    "LEAST_TIMES": 2,
    "GRACE": 2 * HOUR,
    "KEPT": {Grain.MINUTE: 20 * MINUTE, Grain.HOUR: 5 * HOUR, Grain.DAY: DAY},
    "SEGMENT_IDS": 6,
    "MAX_IDS": 15,
    "HORIZON_MINUTES": 10,
    "LEAST_RECORDS": 20,
    "MOST_LOSSES": 3,
    "MOST_REMEMBERED": 5,
}
CATALOGUE = """
[labels.page]
path = "name"
limit = 2
[metrics.views]
title = "t"
definition = "d"
formula = "f"
kind = "count"
events = [{ kinds = ["page"] }]
labels = ["page"]
[metrics.money]
title = "t"
definition = "d"
formula = "f"
kind = "sum"
value = "revenue"
events = [{ name = "Order Completed" }]
[metrics.people]
title = "t"
definition = "d"
formula = "f"
kind = "distinct"
events = [{ kinds = ["page", "track"] }]
"""


def a_folding() -> Folding:
    """A count with a narrow label limit, a sum and a distinct count."""
    plain = load(SEGMENT, {})
    off = "".join(f"[metrics.{name}]\nenabled = false\n" for name in plain.metrics)
    catalogue = load(SEGMENT, {"off.toml": off, "small.toml": CATALOGUE})
    calendar = Calendar(ZoneInfo("Europe/Paris"))
    return Folding(
        catalogue, SEGMENT, calendar, hash_key=b"key", is_bot=lambda agent: "bot" in agent
    )


def shrink(patch: pytest.MonkeyPatch, values: Mapping[str, object] = SMALL) -> None:
    """Make every constant small, in each module that has imported it by name until now."""
    prefixes = ("streams.", "tests.simulation.")
    core = [module for name, module in sys.modules.items() if name.startswith(prefixes)]
    for name, value in values.items():
        holders = [module for module in core if hasattr(module, name)]
        assert holders, f"no module has {name}"
        for module in holders:
            patch.setattr(module, name, value)
