"""Where Kafka is and how it lets tidegauge in: what every client of it is made with."""

from dataclasses import dataclass, field
from typing import Any, Final

from exporters.certificates import Certificates

PLAINTEXT, SSL, SASL_SSL = PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_SSL")
"""Kafka's names. SASL_PLAINTEXT is none of them: who listens would learn how to come in."""
SCRAM_512: Final = "SCRAM-SHA-512"
MECHANISMS: Final = (SCRAM_512, "SCRAM-SHA-256")


class Hidden(str):
    """A text that is not shown by who shows what it was made with, as kafka-python does in logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'...'"


@dataclass(frozen=True)
class Brokers:
    """Some brokers of one cluster; says its address as a text."""

    bootstrap: str
    """host:port, several separated by commas."""
    protocol: str = PLAINTEXT
    certificates: Certificates = field(default_factory=Certificates)
    mechanism: str = SCRAM_512
    username: str = ""
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.bootstrap

    @property
    def addresses(self) -> list[str]:
        """Each host:port."""
        return [address.strip() for address in self.bootstrap.split(",")]

    @property
    def by_tls(self) -> bool:
        """Whether connections are encrypted."""
        return self.protocol != PLAINTEXT

    @property
    def by_password(self) -> bool:
        """Whether a name and a password open the door."""
        return self.protocol == SASL_SSL

    @property
    def visitor(self) -> str:
        """Who comes in, in words."""
        return f"user {self.username!r}" if self.by_password else "us"

    def client(self) -> dict[str, Any]:
        """Keyword arguments of a client, of aiokafka or kafka-python; raises OSError.

        That is when the files cannot be used, which `Certificates.problems` would have told.
        """
        arguments: dict[str, Any] = {
            "bootstrap_servers": self.addresses,
            "security_protocol": self.protocol,
        }
        if self.by_tls:
            arguments["ssl_context"] = self.certificates.context()
        if self.by_password:
            arguments |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": Hidden(self.password),
            }
        return arguments
