"""What a changelog lists, told apart from recovery: only that may be held, and written again."""

from collections.abc import Iterable

from streams.checkpoint import MANIFEST, Archive, Manifest, Row, Snapshot, pane_of
from streams.partition import Partition
from streams.rows import Rows
from streams.unit import StoredUnit
from tests.simulation.truth import Wrong


class Listing:
    """The panes of a manifest and its archive, and those whose rows lie beyond it."""

    def __init__(self, rows: Rows) -> None:
        manifest = rows.read(Manifest, MANIFEST)
        until, needed = (manifest.offset, manifest.archive) if manifest else (0, 0)
        archive = rows.read(Archive, f"archive/{needed}")
        self._is_known = needed < 0 or archive is not None
        """Not without a manifest, nor when the archive that goes with it is gone."""
        self._panes = set(manifest.units if manifest else ()) | set(
            archive.units if archive else ()
        )
        for name in rows.names():
            stored = rows.read(StoredUnit, name) if pane_of(name) else None
            if stored and stored.offset > until:
                self._panes.add(name)

    def check_held(self, partition: Partition) -> None:
        """What was recovered is listed. Raises Wrong."""
        self._check(map(str, partition.units.held), "is held although nothing lists it")

    def check_written(self, snapshot: Snapshot) -> None:
        """What is written below the manifest is listed. Raises Wrong."""
        if not snapshot.manifest:
            self._check(_panes(snapshot.units), "had been dropped and is written again")

    def _check(self, names: Iterable[str], what: str) -> None:
        if self._is_known and (others := sorted(set(names) - self._panes)):
            raise Wrong(f"{others[0]} {what}")


def _panes(rows: Iterable[Row]) -> list[str]:
    return [name for name, raw in rows if raw is not None and pane_of(name)]
