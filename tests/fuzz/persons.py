"""The stored state of a shard of persons, and the facts that it is told."""

import random
from collections.abc import Mapping

from streams.checkpoint import digest_of
from streams.persons.facts import NAME
from streams.persons.recovery import recover
from streams.persons.shard import Shard
from streams.persons.snapshot import rows_of
from streams.recovery import Unusable
from streams.rows import LINEAGE, Rows, row_name, switch_to
from streams.unit import HEADER_BYTES, UnknownVersion, seal
from tests.fuzz.decoding import Row
from tests.fuzz.stored import ChangedRows, decode
from tests.streams.persons.test_cuts import CALENDAR, log
from tests.streams.persons.test_shard import STATE

STOPS, END = (4, 8), 12
MESSAGE = f"{NAME}/"


class Persons(ChangedRows):
    """Two snapshots, and messages before and after the second."""

    name = "persons"

    def __init__(self) -> None:
        shard, rows = Shard(CALENDAR, STATE), dict[str, bytes]()
        messages = list(log(random.Random(1), END))
        for stop in STOPS:
            shard.fold(messages[:stop])
            parts = (row for stage in rows_of(shard) for row in stage)
            rows |= {row_name(1, name): raw for name, raw in parts if raw}
        rows |= {f"{MESSAGE}{row.offset}": row.value or b"" for row in messages[STOPS[0] :]}
        super().__init__(rows | {LINEAGE: switch_to(1)})

    def seal_of(self, name: str) -> str:
        """Messages have no names of their own."""
        return NAME if name.startswith(MESSAGE) else super().seal_of(name)

    def examine(self, data: bytes) -> str:
        """Recover, fold what follows, and show what it comes to."""
        found = self.sound | _listed(self.sound, self.changed(data))
        rows = Rows()
        messages = {int(k[len(MESSAGE) :]): raw for k, raw in found.items() if _is_message(k)}
        try:
            for name, raw in found.items():
                if not name.startswith(MESSAGE):
                    rows.take(name, raw)
            recovered = recover(CALENDAR, rows, STOPS[0], STATE)
            shard = recovered.partition
            shard.fold([Row(at, 0, messages[at]) for at in sorted(messages)])
            shard.everything()
            rows_of(shard)
        except UnknownVersion:
            return "refused: unknown version"
        except Unusable as error:
            return f"refused: {type(error).__name__}"
        if recovered.lost or shard.losses.units:
            return "declared lost"
        return "passed over" if shard.unread else "used"


def _is_message(name: str) -> bool:
    return name.startswith(MESSAGE) and name[len(MESSAGE) :].isdecimal() and len(name) < 20


def _listed(sound: Mapping[str, bytes], changed: Mapping[str, bytes]) -> dict[str, bytes]:
    """Changed rows, with heads that list the parts among them as they are now."""
    heads: dict[str, bytes] = {}
    for name, raw in changed.items():
        begin, kind, number = [*name.rsplit("/", 2), "", ""][:3]
        head = f"{begin}/head"
        if name in sound and head in sound and number.isdecimal():
            tree = decode(heads.get(head, sound[head])[HEADER_BYTES:])
            tree[3][kind][int(number)] = digest_of(raw)
            heads[head] = seal(tree, head.partition("/")[2])
    return heads | dict(changed)
