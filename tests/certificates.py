"""Certificates that a test makes: an authority, and what it signs for servers and clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

KEY_PASSWORD = "open-the-key"


class Signed(NamedTuple):
    """Files in PEM: a certificate with its chain, and its key."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; all of its files are in one folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self._folder = folder
        self._ca = trustme.CA()
        self.file = folder / f"{name}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def sign(
        self, name: str, *hosts: str, expired: bool = False, encrypted: bool = False
    ) -> Signed:
        """A certificate of this common name, for these hosts; its key is in PKCS 8, for Kafka."""
        over = datetime.now(UTC) - timedelta(days=1) if expired else None
        issued = self._ca.issue_cert(*hosts or (name,), common_name=name, not_after=over)
        signed = Signed(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        signed.certificate.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        locked: KeySerializationEncryption = NoEncryption()
        if encrypted:
            locked = BestAvailableEncryption(KEY_PASSWORD.encode())
        signed.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked))
        return signed
