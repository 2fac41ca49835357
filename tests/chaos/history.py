"""Every row that was ever written to a partition of the changelog, beside what the guarantee says.

Whoever was left behind may write what is old, and that may be the last row of its name for a while.
Not even such a one may write what its own manifest does not allow, or note what the log does not
hold; and once all have stopped and a last one has recovered, compaction would leave a whole state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from streams.checkpoint import (
    ARCHIVE,
    IDS,
    MANIFEST,
    Archive,
    Entry,
    Manifest,
    archive_name,
    pane_of,
)
from streams.panes import Calendar, Pane
from streams.rows import Stamp
from streams.unit import unseal
from tests.chaos.notes import Note, Notes
from tests.chaos.stamps import since
from tests.integration.pipeline import Pipeline


class Written(NamedTuple):
    """A row; `since` is the offset of the manifest from which its writer went on, if a worker."""

    name: str
    value: bytes | None
    since: int | None


@dataclass
class History:
    """One partition's rows in the order of the log; `take` them."""

    number: int
    stamped: int = 0
    """Rows that workers wrote."""
    last: dict[str, int] = field(default_factory=dict)
    """Names that compaction would leave, and the rank of what it leaves of them."""
    _manifests: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    """By offset, of all who wrote one there."""
    _archives: dict[int, bytes] = field(default_factory=dict)
    _noted: list[tuple[int, Note]] = field(default_factory=list)
    """Of each manifest, what it has noted."""
    _before: list[tuple[int, str, int]] = field(default_factory=list)
    """Rows that reach no further than the manifest from which their writer went on: its offset,
    name, their own offset."""

    def take(self, row: Written) -> None:
        """Take the next row."""
        self.stamped += row.since is not None
        if row.value is None:
            self.last.pop(row.name, None)
            return
        rank = self.last[row.name] = unseal(Stamp, row.value, row.name).rank
        if row.name == MANIFEST:
            self._manifests[rank].append(row.value)
            run = unseal(Manifest, row.value, MANIFEST).dead_letters
            self._noted.append((rank, Note(run.read, run.dead, run.in_a_row)))
        elif row.name.startswith(ARCHIVE):
            self._archives[rank] = row.value
        if row.since is not None and rank <= row.since:
            self._before.append((row.since, row.name, rank))

    def wrong(self, notes: Notes, calendar: Calendar) -> Iterator[str]:
        """What may not be, in words."""
        for text in (*self._astray(), *self._miscounted(notes), *self._left(calendar)):
            yield f"partition {self.number}: {text}"

    def _astray(self) -> Iterator[str]:
        """Before its manifest nobody writes another one, nor a pane that it does not list."""
        known = {begun for begun, _, _ in self._before} & self._manifests.keys()
        listed = {begun: self._listed(begun) for begun in known}
        for begun, name, offset in self._before:
            if name == MANIFEST and offset < begun:
                yield f"who went on from a manifest at {begun} wrote one at {offset}"
            if pane_of(name) and name not in listed.get(begun, {name}):
                yield f"{name} was written at {offset}, though the manifest at {begun} is without"

    def _listed(self, offset: int) -> set[str]:
        """All panes that a manifest at an offset lists, in its archive too."""
        manifests = [unseal(Manifest, raw, MANIFEST) for raw in self._manifests[offset]]
        return {name for one in manifests for name in (*one.units, *self._archived(one))}

    def _archived(self, manifest: Manifest) -> dict[str, Entry]:
        name, raw = archive_name(manifest.archive), self._archives.get(manifest.archive)
        return unseal(Archive, raw, name).units if raw else {}

    def _miscounted(self, notes: Notes) -> Iterator[str]:
        """A manifest notes what the log holds before it, whoever wrote it, and whenever."""
        for offset, noted in self._noted:
            true = notes.at(self.number, offset)
            if noted != true:
                yield f"the manifest at {offset} has {noted}, not {true}"

    def _left(self, calendar: Calendar) -> Iterator[str]:
        """What compaction would leave is what the last manifest lists, and no older."""
        at = self.last.get(MANIFEST, 0)
        if not at or at < max(self._manifests):
            yield f"of the manifests that at {at} would be left"
            return
        manifest = unseal(Manifest, self._manifests[at][-1], MANIFEST)
        needed = {f"{IDS}{one.first_offset}": one.count for one in manifest.segments}
        for name, entry in (*self._archived(manifest).items(), *manifest.units.items()):
            if calendar.is_kept(Pane.parse(name), manifest.place.watermark):
                needed[name] = max(entry.offset, needed.get(name, 0))
        for name, rank in needed.items():
            if self.last.get(name, 0) < rank:
                yield f"{name} would be left at {self.last.get(name)}, not {rank}"
        left = self.last.keys() - needed.keys() - {MANIFEST}
        archives = {name for name in left if name.startswith(ARCHIVE)}  # and the one before
        if len(archives) > 2 or left - archives:
            yield f"rows that nothing needs would be left: {sorted(left)[:5]}"


def histories(line: Pipeline) -> dict[int, History]:
    """All that stands in the changelog of the units, by partition: of the first lineage."""
    found = {number: History(number) for number in range(line.partitions)}
    for message in line.rows(line.worker_settings().changelog_topic):
        name = message.key().decode().split("/", 2)[2]
        row = Written(name, message.value(), since(message.headers()))
        found[message.partition()].take(row)
    return found
