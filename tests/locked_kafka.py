"""A real Kafka with a door for passwords, one for certificates, and one that is out of date."""

from __future__ import annotations

from pathlib import Path

from tests.certificates import Authority, Signed
from tests.documented_rights import documented, user_of
from tests.kafka_server import RealKafka
from tidegauge.loopback_server import free_port

USER, PASSWORD = "tide", "hush-of-kafka"
LIMITED = [user_of(command) for command in documented()]
"""Users who may do nothing but what they are given; all others may do everything."""
MECHANISM = "SCRAM-SHA-512"
DOORS = ("SASL_SSL", "SSL", "EXPIRED")
PROTOCOLS = "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL,EXPIRED:SSL"

PROPERTIES = """
listener.security.protocol.map={protocols}
inter.broker.listener.name=PLAINTEXT
sasl.enabled.mechanisms={mechanism}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=\
    org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={shown}
listener.name.expired.ssl.keystore.location={expired}
ssl.truststore.type=PEM
ssl.truststore.location={trusted}
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*$/$1/
super.users=User:ANONYMOUS;User:{user};User:us;User:pipeline
"""


class LockedKafka(RealKafka):
    """One Kafka; what it shows is for 127.0.0.1, and for no other name."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.authority = Authority(folder)
        self.stranger = Authority(folder, "stranger")
        self._folder = folder
        self._ports = {door: free_port() for door in DOORS}

    @property
    def by_password(self) -> dict[str, str]:
        """Settings with which it lets somebody in who knows a password."""
        return {
            "KAFKA_BOOTSTRAP": self.address("SASL_SSL"),
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_CA_FILE": str(self.authority.file),
            "KAFKA_USERNAME": USER,
            "KAFKA_PASSWORD": PASSWORD,
        }

    def by_certificate(self, shown: Signed) -> dict[str, str]:
        """Settings with which it lets somebody in who shows this certificate."""
        return {
            "KAFKA_BOOTSTRAP": self.address("SSL"),
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_CA_FILE": str(self.authority.file),
            "KAFKA_CERTIFICATE_FILE": str(shown.certificate),
            "KAFKA_KEY_FILE": str(shown.key),
        }

    def address(self, door: str) -> str:
        """host:port of one of its doors."""
        return f"127.0.0.1:{self._ports[door]}"

    def properties(self) -> str:
        lines = super().properties().splitlines()
        doors = "".join(f",{door}://{self.address(door)}" for door in DOORS)
        listening = [line + doors if "listeners=" in line else line for line in lines]
        return "\n".join(listening) + PROPERTIES.format(
            protocols=PROTOCOLS,
            mechanism=MECHANISM,
            shown=_together(self.authority.sign("broker", "127.0.0.1")),
            expired=_together(self.authority.sign("old-broker", "127.0.0.1", expired=True)),
            trusted=self.authority.file,
            user=USER,
        )

    def users(self) -> list[str]:
        made = (f"{MECHANISM}=[name={name},password={PASSWORD}]" for name in (USER, *LIMITED))
        return [part for user in made for part in ("--add-scram", user)]


def _together(signed: Signed) -> Path:
    """One file with key and certificate, as Kafka wants it."""
    file = signed.key.with_suffix(".both.pem")
    file.write_bytes(signed.key.read_bytes() + signed.certificate.read_bytes())
    return file
