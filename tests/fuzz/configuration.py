"""Settings, catalogue and environment: all that is wrong is told, or what was asked for works.

An input is a `tidegauge.toml`; lines that begin with `TIDEGAUGE_` are the environment.
"""

import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from exporters.collector import ProductCollector
from exporters.exposition import render
from exporters.metrics_page import page
from exporters.snapshot_store import Snapshot
from exporters.view import View
from streams.catalogue_file import shipped
from streams.folding import Folding
from streams.partition import Partition
from streams.persons.progress import progress_of
from streams.published import Progress, Published
from streams.schema import ConfigurationError
from streams.wire import CLOUDEVENTS, SEGMENT
from tests.fuzz import lines
from tests.fuzz.decoding import NOW, Row, crossed, simulated, written
from tidegauge.assembly import load_checked, notes_problems, worker_settings
from tidegauge.settings import DECLARED, ENVIRONMENT

ROOT = Path(__file__).parents[2]
CUSTOM = b"""[source]
format = "custom"
message_id = "meta.id"
user = "who.id"
time = "meta.at"
name = "what"
properties = "data"
traits = "who.traits"
[segments.platform]
path = "meta.platform"
values = ["ios", "web"]"""
VALUES = tuple(
    value.encode()
    for value in (
        *('""', '" "', '"a.b"', '"a..b"', '"."', '"properties"', '"name"', '"\\u0000"', '"\\n"'),
        *("0", "1", "-1", "1e3", "inf", "nan", "0x" + "f" * 4_000, "9" * 30, "true", "false"),
        *("[]", "{}", "[[]]", '[""]', '["a", "a"]', "[{}]", '[{ name = "Order Completed" }]'),
        *("2026-01-01", "2026-01-01T10:00:00", "0001-01-01T00:00:00", "12:00:00", "[" * 2_000),
        *('"""a', '"custom"', '"cloudevents"', '"identify"', '"goals"', '"count"', '"ratio"'),
        *('"score"', '"distinct"', '"sum"', '"persons"', '"__other__"', '"' + "x" * 3_000 + '"'),
    )
)


class Configuration:
    """Every way to say what tidegauge is to do."""

    name = "configuration"

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tidegauge-fuzz-")
        self._file = Path(self._folder.name, "tidegauge.toml")
        self._rows = {
            name: [Row(i, NOW, written(value, wire)) for i, value in enumerate(simulated(30, 3))]
            for name, wire in (("segment", SEGMENT), ("cloudevents", CLOUDEVENTS))
        }
        self._spare = [line for seed in self.seeds() for line in seed.split(b"\n")]

    def close(self) -> None:
        """Remove its file."""
        self._folder.cleanup()

    def seeds(self) -> Iterator[bytes]:
        """Examples, parts of the shipped catalogue, settings one by one, and known mistakes."""
        for path in sorted(ROOT.glob("docs/examples/*.toml")):
            yield path.read_bytes()
        yield from (part.encode() for part in re.split(r"\n\n(?=\[)", shipped()))
        for key, declared in DECLARED.items():
            section, _, name = key.partition(".")
            yield f"[{section}]\n{name} = {str(declared.default).lower()!r}".encode()
            yield f"{ENVIRONMENT}{section.upper()}_{name.upper()}={declared.default}".encode()
        yield CUSTOM
        yield from (text.encode() for text in re.split(r"\[\[case\]\]\n", _mistakes()))

    def change(self, data: bytes, rng: random.Random) -> bytes:
        """Change a line."""
        return lines.change(data, rng, self._spare, VALUES)

    def examine(self, data: bytes) -> str:
        """Load it; where that succeeds, count by it and show what was counted."""
        told = data.split(b"\n")
        environment = dict(_variables(told))
        self._file.write_bytes(b"\n".join(line for line in told if not _is_variable(line)))
        try:
            settings = load_checked(str(self._file), environment, notes_problems)
        except ConfigurationError as error:
            problems = [str(problem) for problem in error.problems]
        else:
            folds = worker_settings(settings).folding
            _use(folds, self._rows.get(settings.source_format, []))
            return "accepted"
        assert problems
        assert all(problem.isprintable() for problem in problems), problems
        return "refused"


def _use(folding: Folding, rows: list[Row]) -> None:
    """Count records by it, and show what they come to in every way."""
    partition = Partition(folding)
    partition.fold(rows)
    times = {"end_offset": partition.offset, "published_at": NOW, "checkpoint_at": 0}
    published = Published(Progress.of(partition, 0, caught_up_at=NOW, **times))
    published.update(partition.everything(), folding)
    shard = crossed(partition)
    progress = progress_of(shard, 0, **times)
    assert progress is not None
    shown = Snapshot(None, {0: published}, {0: Published(progress, shard.units())})
    view = View.of(folding, shown)
    assert render([ProductCollector(folding, view)], "")[0]
    assert page(folding.catalogue)


def _is_variable(line: bytes) -> bool:
    return line.startswith(ENVIRONMENT.encode())


def _variables(told: list[bytes]) -> Iterator[tuple[str, str]]:
    """As a process can have them: without NUL, and what is no UTF-8 as surrogates."""
    for line in told:
        name, sign, value = (
            line.replace(b"\0", b"").decode("utf-8", "surrogateescape").partition("=")
        )
        if sign and _is_variable(line):
            yield name, value


def _mistakes() -> str:
    return Path(ROOT, "tests/streams/broken_catalogues.toml").read_text("utf-8")
