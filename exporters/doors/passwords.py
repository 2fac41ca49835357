"""Users and their bcrypt hashes: who knows a password, at a cost that is bounded.

A right password costs its hash once; after that it is recognized by a keyed digest, so a scrape
costs nothing. A wrong one costs a hash each time, in a thread and one at a time, and one for a
user who is not there costs as much.
"""

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Mapping

import bcrypt

from streams.schema import Field

BCRYPT_BYTES = 72
"""What bcrypt reads of a password; others cut it silently, this library would refuse."""
MOST_ROUNDS = 18
"""Takes seconds; with more a single login would keep others out for minutes."""
MOST_WAITING = 32
MOST_WAITING_OF_ONE = 4
TELL_SECONDS = 60.0
"""So seldom refused logins are logged."""
_FORM = re.compile(r"\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{31}")
"""Of the 22nd letter of a salt only two bits count."""


def _rounds(value: object) -> int:
    """Cost of a hash; 0 for what is none."""
    found = _FORM.fullmatch(value) if isinstance(value, str) else None
    return int(found[1]) if found else 0


HASH = Field(
    lambda x: 4 <= _rounds(x) <= MOST_ROUNDS,  # noqa: PLR2004 - bcrypt's least
    f"a bcrypt hash of cost 4 to {MOST_ROUNDS}, such as `htpasswd -nBC 10 NAME` prints",
)


log = logging.getLogger("tidegauge.http")


class TooManyLogins(Exception):
    """More passwords wait to be checked than may."""


class Users:
    """Those of one web-config file; not for several event loops."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        self._hashes = {name: hashed.encode() for name, hashed in hashes.items()}
        self._costliest = max(self._hashes.values(), key=lambda hashed: _rounds(hashed.decode()))
        self._key = secrets.token_bytes(32)
        self._known: dict[str, bytes] = {}
        self._waiting: Counter[str] = Counter()
        self._one_at_a_time = asyncio.Lock()
        self._refused, self._tell_after = 0, 0.0

    def __len__(self) -> int:
        return len(self._hashes)

    async def know(self, name: str, password: str, address: str) -> bool:
        """Whether this is the password of this user; `address` is where it comes from.

        Raises TooManyLogins.
        """
        given = password.encode()[:BCRYPT_BYTES]
        digest = hashlib.blake2b(given, key=self._key).digest()
        if hmac.compare_digest(self._known.get(name, b""), digest):
            return True
        is_right = await self._check(given, self._hashes.get(name, self._costliest), address)
        if not is_right or name not in self._hashes:
            self._tell(address, time.monotonic())
            return False
        self._known[name] = digest
        return True

    def _tell(self, address: str, now: float) -> None:
        """Log what was refused, once in a while; names are left out, some are passwords."""
        self._refused += 1
        if now >= self._tell_after:
            log.warning("logins refused: %d, the last one from %s", self._refused, address)
            self._refused, self._tell_after = 0, now + TELL_SECONDS

    async def _check(self, given: bytes, hashed: bytes, address: str) -> bool:
        waiting = self._waiting
        if waiting[address] >= MOST_WAITING_OF_ONE or waiting.total() >= MOST_WAITING:
            raise TooManyLogins
        waiting[address] += 1
        try:
            async with self._one_at_a_time:
                return await asyncio.to_thread(bcrypt.checkpw, given, hashed)
        finally:
            waiting[address] -= 1
            waiting += Counter()  # leaves out those of whom none waits
