"""The changelog topic: rows in the order in which they landed, compaction, damage."""

import random

from streams.checkpoint import MANIFEST, Manifest, Row
from streams.rows import Rows, row_name
from streams.unit import Damaged, unseal
from tests.simulation.truth import Wrong


class Changelog:
    """One partition of it, in lineage 0."""

    def __init__(self, rows: list[Row] | None = None) -> None:
        self.rows = rows or []

    def read(self) -> Rows:
        """What a recovery reads."""
        rows = Rows()
        for name, raw in self.rows:
            rows.take(row_name(0, name), raw)
        manifest, newest = rows.read(Manifest, MANIFEST), self.newest_manifest()
        if newest is not None and (manifest is None or manifest.offset != newest):
            read = "none" if manifest is None else f"that at {manifest.offset}"
            raise Wrong(f"the newest manifest is at {newest}, but {read} is read")
        return rows

    def newest_manifest(self) -> int | None:
        """The largest offset of the manifests that can be read, of those not buried."""
        found: list[int] = []
        for name, raw in self.rows:
            if name == MANIFEST and raw is None:
                found = []
            elif name == MANIFEST and (offset := _manifest_offset(raw)) is not None:
                found.append(offset)
        return max(found, default=None)

    def compact(self, end: int, *, keeps_tombstones: bool) -> None:
        """Keep the last row of every name before `end`."""
        head, tail = self.rows[:end], self.rows[end:]
        last = {name: place for place, (name, _) in enumerate(head)}
        kept = [row for place, row in enumerate(head) if last[row[0]] == place]
        self.rows = [row for row in kept if keeps_tombstones or row[1] is not None] + tail

    def compacted(self) -> "Changelog":
        """A copy of which only the last row of every name is left."""
        copy = Changelog(list(self.rows))
        copy.compact(len(copy.rows), keeps_tombstones=False)
        return copy

    def damage(self, rng: random.Random) -> str | None:
        """Flip a bit of some row, of each kind as often; tell its name."""
        kinds: dict[str, list[tuple[int, str, bytes]]] = {}
        for place, (name, raw) in enumerate(self.rows):
            if raw is not None:
                kinds.setdefault(name.partition("/")[0], []).append((place, name, raw))
        if not kinds:
            return None
        rows = kinds[rng.choice(sorted(kinds))]
        place, name, raw = rng.choice((rows[-1], rng.choice(rows)))
        index = rng.randrange(len(raw))
        flipped = bytes([raw[index] ^ (1 << rng.randrange(8))])
        self.rows[place] = (name, raw[:index] + flipped + raw[index + 1 :])
        return name


def _manifest_offset(raw: bytes | None) -> int | None:
    """A manifest's offset, None when it cannot be read."""
    try:
        return unseal(Manifest, raw or b"", MANIFEST).offset
    except Damaged:
        return None
