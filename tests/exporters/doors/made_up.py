"""A made-up service behind a real door, its certificates, and clients that are not aiohttp."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import NamedTuple

import bcrypt
import trustme

from exporters.doors.porter import LIMITS, Limits
from exporters.doors.protection import Protection
from exporters.http import LOOPBACK_ONLY, Server, create_web_app, start_server

LONGEST_WAIT_SECONDS = 30.0
BODY = b"tidegauge_up 1\n"
SALT = b"$2b$04$" + b"." * 22


def hashed(password: str) -> str:
    """As `htpasswd` writes it, but as cheap as can be, and the same each time: it names tests."""
    return bcrypt.hashpw(password.encode(), SALT).decode().replace("$2b$", "$2y$")


class Folder:
    """Certificates and a web-config file, as an operator keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.authority, self.clients = trustme.CA(), trustme.CA()
        self.clients.cert_pem.write_to_path(path / "clients.pem")
        self.renew()

    def renew(self) -> None:
        """Put another certificate, with another key, in the place of the one there is."""
        write(self.authority.issue_cert("127.0.0.1"), self.path / "server")

    def web_config(self, text: str) -> Protection:
        """Write the file, and protect an exporter with it."""
        file = self.path / "web.yml"
        file.write_text(text, encoding="utf-8")
        return Protection("exporter", str(file))

    def trusting(self, shown: trustme.LeafCert | None = None) -> ssl.SSLContext:
        """Of a client that trusts the server, and shows a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        if shown is not None:
            shown.configure_cert(context)
        return context


def write(certificate: trustme.LeafCert, to: Path) -> None:
    """Write `NAME.crt` and `NAME.key`."""
    chain = b"".join(pem.bytes() for pem in certificate.cert_chain_pems)
    to.with_suffix(".crt").write_bytes(chain)
    certificate.private_key_pem.write_to_path(to.with_suffix(".key"))


TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
CLIENTS = """
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.pem
"""


async def metrics(_: str) -> tuple[bytes, str]:
    return BODY, "text/plain"


async def ready() -> list[str]:
    return []


async def landing() -> str:
    return "<!doctype html><title>t</title>"


@contextmanager
def serving(
    protection: Protection = LOOPBACK_ONLY, limits: Limits = LIMITS, body: bytes = BODY
) -> Iterator[Server]:
    """A server in a thread with an event loop of its own."""

    async def show(_: str) -> tuple[bytes, str]:
        return body, "text/plain"

    app = create_web_app(show, ready, landing)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    try:
        start = start_server(app, "127.0.0.1", 0, protection=protection, limits=limits)
        server = asyncio.run_coroutine_threadsafe(start, loop).result(LONGEST_WAIT_SECONDS)
        try:
            yield server
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(LONGEST_WAIT_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


class Answer(NamedTuple):
    """What a client was told."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@contextmanager
def connected(
    server: Server, context: ssl.SSLContext | None = None
) -> Iterator[http.client.HTTPConnection]:
    """A connection of Python's own client, which stays open while the server keeps it."""
    port, timeout = server.port, LONGEST_WAIT_SECONDS
    connection = (
        http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=timeout)
        if context
        else http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    )
    try:
        connection.connect()
        yield connection
    finally:
        connection.close()


def ask(
    connection: http.client.HTTPConnection,
    path: str = "/metrics",
    *,
    method: str = "GET",
    user: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """Ask; `user` is `name:password`."""
    login = {"Authorization": f"Basic {b64encode(user.encode()).decode()}"} if user else {}
    connection.request(method, path, headers=login | (headers or {}))
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, answer.read())


def get(
    server: Server, path: str = "/metrics", *, tls: ssl.SSLContext | None = None, user: str = ""
) -> Answer:
    """Ask over a connection of its own."""
    with connected(server, tls) as connection:
        return ask(connection, path, user=user)


def exchange(server: Server, *sent: bytes) -> bytes:
    """Send bytes, and read until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", server.port), LONGEST_WAIT_SECONDS) as connection:
        try:
            for part in sent:
                connection.sendall(part)
            return rest(connection)
        except ConnectionError:  # cut while there was more to send
            return b""


def rest(connection: socket.socket) -> bytes:
    """What comes until the server ends the connection."""
    received = bytearray()
    try:
        while part := connection.recv(65_536):
            received += part
    except ConnectionError:
        pass
    return bytes(received)
