"""What this side of a TLS connection trusts and shows; the other side's name is always checked."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streams.schema import Problem


@dataclass(frozen=True)
class Certificates:
    """Files in PEM; empty where there are none."""

    ca_file: str = ""
    """Whom to trust; the authorities that the system knows if not given."""
    certificate_file: str = ""
    """What to show, with the certificates between it and its authority."""
    key_file: str = ""
    key_password: str = field(default="", repr=False)

    def context(self) -> ssl.SSLContext:
        """TLS 1.2 or later with these; raises OSError, of which OpenSSL's errors are."""
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.certificate_file:
            self._show(context)
        return context

    def problems(self, section: str) -> list[Problem]:
        """Why they cannot be used, each with its key in a section of the settings."""
        problems = list(self._unreadable(section))
        if bool(self.certificate_file) != bool(self.key_file):
            right = "name both, or the same file twice if it holds both"
            problem = f"`certificate_file` and `key_file` belong together: {right}"
            problems.append(Problem(section, problem))
        return problems or list(self._unusable(section))

    def _unreadable(self, section: str) -> Iterator[Problem]:
        for name in ("ca_file", "certificate_file", "key_file"):
            path = getattr(self, name)
            try:
                if path:
                    Path(path).read_bytes()
            except OSError as error:
                yield Problem(f"{section}.{name}", f"{path} cannot be read: {error.strerror}")

    def _unusable(self, section: str) -> Iterator[Problem]:
        try:
            context = ssl.create_default_context(cafile=self.ca_file or None)
        except ssl.SSLError:
            yield Problem(f"{section}.ca_file", f"{self.ca_file} holds no certificate in PEM")
            context = ssl.create_default_context()
        if not self.certificate_file:
            return
        try:
            self._show(context)
        except ssl.SSLError as error:
            yield Problem(f"{section}.key_file", self._misfit(error))

    def _misfit(self, error: ssl.SSLError) -> str:
        """Why certificate and key do not go together; OpenSSL tells little of it."""
        if error.reason == "KEY_VALUES_MISMATCH":
            return f"{self.key_file} is not the key of `certificate_file`"
        if b"ENCRYPTED" in Path(self.key_file).read_bytes():
            return f"{self.key_file} is encrypted: `key_password` is missing or wrong"
        both = f"{self.certificate_file} and {self.key_file}"
        return f"{both} hold no certificate with its key, in PEM"

    def _show(self, context: ssl.SSLContext) -> None:
        # With a password, though it is empty: without one OpenSSL asks for it on the terminal.
        context.load_cert_chain(self.certificate_file, self.key_file, self.key_password)
