"""One surface under atheris: `python -m tests.fuzz.child SURFACE TALLY [libFuzzer's arguments]`.

Ends as libFuzzer does: with 0 after all runs, with another code after a crash, a hang or too much
memory. What became of the inputs is written to the file TALLY.
"""

import collections
import json
import random
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["streams", "exporters", "tidegauge"]):
    from tests.fuzz.surfaces import SURFACES

TALLY_EVERY = 20
CHANGES = (1, 1, 1, 2, 4)


def main() -> None:
    """Fuzz until libFuzzer ends it."""
    name, tally, *arguments = sys.argv[1:]
    surface, outcomes = SURFACES[name](), collections.Counter[str]()
    seen = 0

    def examine(data: bytes) -> None:
        nonlocal seen
        outcomes[surface.examine(data)] += 1
        seen += 1
        if seen % TALLY_EVERY == 0:
            write()

    def write() -> None:
        Path(tally).write_text(json.dumps(outcomes), encoding="utf-8")

    def change(data: bytes, most: int, seed: int) -> bytes:
        rng = random.Random(seed)
        try:
            for _ in range(rng.choice(CHANGES)):
                data = surface.change(data, rng)
        except (ValueError, LookupError, TypeError, AttributeError):
            return bytes(atheris.Mutate(data, most))
        return data if len(data) <= most else bytes(atheris.Mutate(data[:most], most))

    atheris.Setup([sys.argv[0], *arguments], examine, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
