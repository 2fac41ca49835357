"""A ledger's panes as rows of JSON, in a file compressed by gzip when its name ends in .gz.

Equal documents give equal bytes.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from tidegauge.simulator.record import Key

FORMAT = 2
V = TypeVar("V")


def write(path: Path, document: dict[str, Any]) -> None:
    """Write one document; the caller has sorted what has no order."""
    text = json.dumps({"format": FORMAT, **document}, ensure_ascii=False, sort_keys=True)
    # No time in the header, so that equal ledgers are equal files.
    path.write_bytes(gzip.compress(text.encode(), 6, mtime=0) if _zipped(path) else text.encode())


def read(path: Path) -> dict[str, Any]:
    """Read what `write` wrote."""
    content = path.read_bytes()
    document: dict[str, Any] = json.loads(gzip.decompress(content) if _zipped(path) else content)
    if document.get("format") != FORMAT:
        raise ValueError(f"{path} is not a ledger of format {FORMAT}; simulate again to get one")
    return document


def rows(panes: Mapping[int, Mapping[Key, V]]) -> Iterator[tuple[int, Key, V]]:
    """Yield (pane start, key, value), sorted."""
    for start, pane in sorted(panes.items()):
        for key in sorted(pane):
            yield start, key, pane[key]


def panes(found: Iterable[tuple[int, list[Any], V]]) -> dict[int, dict[Key, V]]:
    """Gather rows into panes again; JSON has made lists of the keys."""
    gathered: dict[int, dict[Key, V]] = {}
    for start, (metric, labels), value in found:
        key = metric, tuple((name, text) for name, text in labels)
        gathered.setdefault(start, {})[key] = value
    return gathered


def _zipped(path: Path) -> bool:
    return path.name.endswith(".gz")
