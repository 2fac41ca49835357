"""The event by which `tidegauge forget` tells whom to forget: by the hash, never by the id.

It is a track event with one property, which names the key of the hash too: with another key nobody
would be meant. Whoever does not know the key can make no such event.
"""

import re
from collections.abc import Callable

from streams.decoding import Decoder
from streams.event import Rejected
from streams.wire import WireFormat

EVENT = "Person Forgotten"
PROPERTY = "forgotten_person"
TELLER = "tidegauge-forget"
"""The person whose event it is: an event needs one."""
TOLD = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{16})")
BITS = 64


class Forgotten:
    """Writes and reads whom such events mean; ValueError where the format has no such place."""

    def __init__(self, wire: WireFormat, hash_person: Callable[[str], int]) -> None:
        self._hash = hash_person
        self._key = _hexadecimal(hash_person("fingerprint of the key"))
        self.path = wire.property_path(PROPERTY)
        decoder = Decoder(wire, (self.path,), "user_only")
        self._decode, self._read = decoder.decode, decoder.reader((self.path,))

    def written(self, person: str) -> str:
        """What says that somebody is to be forgotten, by an id of theirs."""
        return f"{self._key}.{_hexadecimal(self._hash(person))}"

    def read(self, record: bytes, skip: Callable[[str], None]) -> int | None:
        """The hash of whom a record means; None where it means nobody, after telling why."""
        [event] = self._decode([record])
        said = None if isinstance(event, Rejected) else self._read(event.said)[0]
        told = TOLD.fullmatch(said) if isinstance(said, str) else None
        if told is None:
            skip("no_person")
        elif told[1] != self._key:
            skip("other_key")
        else:
            number = int(told[2], 16)
            return number - (number >> BITS - 1 << BITS)
        return None


def _hexadecimal(number: int) -> str:
    return f"{number % (1 << BITS):016x}"
