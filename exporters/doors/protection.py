"""What a door asks of those who come, and whether that suffices for where it is.

What binds loopback is for this machine. What others can reach needs TLS and must ask who comes,
unless an operator says by name that something else protects it.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from exporters.doors.web_config import WebConfig, read_web_config
from streams.schema import ConfigurationError, Problem


class Protection(NamedTuple):
    """Settings of one door; with its defaults it serves this machine only."""

    section: str = "exporter"
    """Of the settings that messages name."""
    web_config: str = ""
    """Path of a web-config file."""
    insecure_bind: bool = False
    """Others may come without TLS and without saying who they are."""
    for_everybody: bool = False
    """What is shown is meant for the public: TLS suffices."""

    def read(self, hosts: Iterable[str]) -> WebConfig:
        """Read the web-config of a door at these addresses.

        Raises ConfigurationError when it is wrong, or too little for them.
        """
        config = read_web_config(Path(self.web_config)) if self.web_config else WebConfig()
        reached = [host for host in hosts if can_be_reached(host)]
        lacking = self._lacking(config)
        if reached and lacking and not self.insecure_bind:
            section = self.section
            raise ConfigurationError(
                [
                    Problem(
                        f"{section}.bind",
                        f"{reached[0]} can be reached from other machines, without {lacking}: "
                        f"name a file with it in {section}.web_config (docs/doors.md), or set "
                        f"{section}.insecure_bind where something else protects it",
                    )
                ]
            )
        return config

    def _lacking(self, config: WebConfig) -> str:
        lacking = ["TLS"] if config.tls is None else []
        if not (self.for_everybody or config.authenticates):
            lacking.append("asking who is there (users, or client certificates that are verified)")
        return " and ".join(lacking)


class Door(NamedTuple):
    """Where a service can be asked, and on what terms."""

    host: str
    port: int
    protection: Protection = Protection()

    @property
    def bind(self) -> str:
        """The address, as it is set."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def can_be_reached(host: str) -> bool:
    """Whether others than this machine can reach what listens on this numeric address."""
    return not ip_address(host).is_loopback
