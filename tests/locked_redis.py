"""The redis-server of the system with the users that docs/doors.md lists, by TLS alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.certificates import Authority, Signed
from tidegauge.embedded import EmbeddedRedis
from tidegauge.loopback_server import free_port

ROOT = Path(__file__).parent.parent
DOCUMENTED = re.compile(r"```acl\n(.*?)```", re.DOTALL)
MADE_BY = ROOT / "deploy" / "redis" / "users.sh"


def documented_users() -> str:
    """The list of users as the page shows it."""
    (listed,) = DOCUMENTED.findall((ROOT / "docs" / "doors.md").read_text(encoding="utf-8"))
    return str(listed)


class LockedRedis(EmbeddedRedis):
    """Its users may do what is documented, under one prefix; their passwords are in files."""

    question, answer = b"PING\r\n", b"-NOAUTH"

    def __init__(self, binary: str, folder: Path, prefix: str) -> None:
        super().__init__()
        self._binary, self._folder = binary, folder
        self.authority = Authority(folder, "ca-of-redis")
        self.us = self.authority.sign("us-at-redis")
        self._shown = self.authority.sign("redis", "127.0.0.1")
        self._tls_port = free_port()
        self.users_file = folder / "users.acl"
        self.make_users(prefix)

    def make_users(self, prefix: str) -> None:
        """Make the list of users, and their passwords if they have none."""
        template = self._folder / "users.template"
        template.write_text(documented_users().replace("~tidegauge:", f"~{prefix}:"))
        for user in ("worker", "exporter"):
            self.password_file(user).parent.mkdir(exist_ok=True)
        command: list[str | Path] = ["sh", MADE_BY, template, self._folder, self.users_file]
        subprocess.run(command, check=True, capture_output=True)

    def add_user(self, name: str, like: str, *, without: str, instead: str = "") -> None:
        """One like `worker` or `exporter`, with their password; before it starts."""
        users = self.users_file.read_text(encoding="utf-8")
        begin = f"user tidegauge-{like} "
        (line,) = [line for line in users.splitlines() if line.startswith(begin)]
        assert without in line
        made = line.replace(begin, f"user {name} ").replace(without, instead)
        self.users_file.write_text(f"{users}{made}\n", encoding="utf-8")

    @property
    def url(self) -> str:
        return f"rediss://127.0.0.1:{self._tls_port}/0"

    def settings(self, user: str, shown: Signed | None = None) -> dict[str, str]:
        """With which it lets somebody in; `user` is `worker` or `exporter`."""
        shown = shown or self.us
        return {
            "REDIS_URL": self.url,
            "REDIS_USERNAME": f"tidegauge-{user}",
            "REDIS_PASSWORD_FILE": str(self.password_file(user)),
            "REDIS_CA_FILE": str(self.authority.file),
            "REDIS_CERTIFICATE_FILE": str(shown.certificate),
            "REDIS_KEY_FILE": str(shown.key),
        }

    def password_file(self, user: str) -> Path:
        """Where the password of a user is."""
        return self._folder / user / "redis-password"

    def command(self) -> list[str]:
        files = {
            "--tls-cert-file": self._shown.certificate,
            "--tls-key-file": self._shown.key,
            "--tls-ca-cert-file": self.authority.file,
            "--aclfile": self.users_file,
        }
        options = [str(part) for pair in files.items() for part in pair]
        return [*super().command(), "--tls-port", str(self._tls_port), *options]

    def binary(self) -> str:
        return self._binary
