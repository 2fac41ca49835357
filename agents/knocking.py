"""Finds out why Kafka lets no client in, which clients do not tell: they find no broker in time.

Knocks once more, asks what a client asks that wants to say who it is (SaslHandshake), and says so.
Blocking; not for a thread with an event loop.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import KafkaError, SaslAuthenticationFailed

from agents.brokers import PLAINTEXT, SASL_SSL, SSL, Brokers

ANSWER_SECONDS = 5.0
ANSWER_BYTES_MAX = 1 << 16
TLS_ALERT: Final = 0x15
NO_SASL_HERE: Final = 34
"""Kafka's ILLEGAL_SASL_STATE: the listener asks nobody who they are."""
EXPIRED, OTHER_NAME, OTHER_ADDRESS = 10, 62, 64
"""OpenSSL's codes of what is wrong with a certificate."""


def explain(brokers: Brokers) -> str | None:
    """What is wrong with how one asks to be let in, and what to do; None when it is not that."""
    for address in brokers.addresses:
        reason = _knock(brokers, address) or _come_in(brokers, address)
        if reason is not None:
            return f"Kafka at {address} {reason}"
    return None


def _knock(brokers: Brokers, address: str) -> str | None:
    try:
        with _connection(brokers, address) as connection:
            return _ask(brokers, connection)
    except ssl.SSLCertVerificationError as error:
        return _distrusted(error)
    except (ssl.SSLEOFError, ConnectionError):
        return _without_a_word(brokers, address)
    except ssl.SSLError as error:
        return _turned_away(brokers, error)
    except OSError:
        return None


def _come_in(brokers: Brokers, address: str) -> str | None:
    """Whether user and password are taken, which only all of SASL shows."""
    arguments = brokers.client() | {"request_timeout_ms": int(ANSWER_SECONDS * 1000)}
    del arguments["bootstrap_servers"]

    async def connect() -> None:
        connection = AIOKafkaConnection(*_place(address), **arguments)
        try:
            await connection.connect()
        except SaslAuthenticationFailed:
            await _ended(connection)
            raise
        await _ended(connection)

    try:
        if brokers.by_password:
            asyncio.run(connect())
    except SaslAuthenticationFailed as error:
        told = str(error).partition("] ")[2].removeprefix("SaslAuthenticationFailed: ")
        return f"refuses user {brokers.username!r} ({told}): see kafka.username and kafka.password"
    except (KafkaError, OSError, TimeoutError):
        return None
    return None


async def _ended(connection: AIOKafkaConnection) -> None:
    """Close it, and wait for the other side's farewell: the event loop ends with it."""
    with suppress(TimeoutError):
        await asyncio.wait_for(connection.close(), ANSWER_SECONDS)


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


@contextmanager
def _connection(brokers: Brokers, address: str) -> Iterator[socket.socket]:
    host, port = _place(address)
    with socket.create_connection((host, port), ANSWER_SECONDS) as plain:
        if not brokers.by_tls:
            yield plain
            return
        with brokers.certificates.context().wrap_socket(plain, server_hostname=host) as encrypted:
            yield encrypted


def _ask(brokers: Brokers, connection: socket.socket) -> str | None:
    """Ask for the mechanisms of SASL; None when there is no answer, or nothing wrong with it."""
    connection.sendall(_question(brokers.mechanism))
    with connection.makefile("rb") as answers:
        size = answers.read(4)
        if size[:1] == bytes([TLS_ALERT]):
            return f"speaks TLS: set kafka.security_protocol to {SSL} or {SASL_SSL}"
        answer = answers.read(min(int.from_bytes(size), ANSWER_BYTES_MAX))
    return _judge(brokers, answer) if answer else None


def _question(mechanism: str) -> bytes:
    """SaslHandshake (key 17) version 1, correlation id 1, no client id."""
    name = mechanism.encode()
    body = bytes.fromhex("0011 0001 00000001 ffff") + len(name).to_bytes(2) + name
    return len(body).to_bytes(4) + body


def _judge(brokers: Brokers, answer: bytes) -> str | None:
    """What the answer to it means: correlation id, error code, names of mechanisms."""
    asks_nobody = int.from_bytes(answer[4:6]) == NO_SASL_HERE
    if asks_nobody:
        right = f"set kafka.security_protocol to {SSL}, or name the port that asks for one"
        return f"asks for no user there: {right}" if brokers.by_password else None
    if not brokers.by_tls:
        right = f"name a port with {SASL_SSL}, and set kafka.security_protocol to that"
        return f"asks for user and password without TLS, which tidegauge refuses: {right}"
    if not brokers.by_password:
        right = f"set kafka.security_protocol to {SASL_SSL}, kafka.username and kafka.password"
        return f"asks for user and password: {right}"
    offered = _texts(answer[6:])
    if brokers.mechanism not in offered:
        told = f"takes no {brokers.mechanism}, but {', '.join(offered)}"
        return f"{told}: set kafka.sasl_mechanism to what your user was made for"
    return None


def _texts(array: bytes) -> list[str]:
    """Texts of an array as Kafka writes it."""
    texts, at = [], 4
    for _ in range(min(int.from_bytes(array[:4]), ANSWER_BYTES_MAX)):
        end = at + 2 + int.from_bytes(array[at : at + 2])
        texts.append(array[at + 2 : end].decode(errors="replace"))
        at = end
    return texts


def _distrusted(error: ssl.SSLCertVerificationError) -> str:
    right = "kafka.ca_file must hold the certificate of the authority that signed it"
    if error.verify_code == EXPIRED:
        right = "renew the certificate of the brokers"
    elif error.verify_code in (OTHER_NAME, OTHER_ADDRESS):
        right = "name the brokers in kafka.bootstrap as their certificates do"
    return f"shows a certificate that is not to be trusted ({error.verify_message}): {right}"


def _turned_away(brokers: Brokers, error: ssl.SSLError) -> str:
    """What a broker that speaks TLS means when it does not go on."""
    told = (error.reason or str(error)).lower().replace("_", " ")
    if not brokers.certificates.certificate_file:
        right = "if it asks for a certificate, set kafka.certificate_file and kafka.key_file"
        return f"refuses TLS with us ({told}): {right}"
    right = "it must not have expired, and the brokers must trust its authority"
    return f"refuses the certificate in kafka.certificate_file ({told}): {right}"


def _without_a_word(brokers: Brokers, address: str) -> str | None:
    """Whether a broker that hangs up on TLS would have talked without it."""
    if not brokers.by_tls:
        return None
    try:
        with _connection(Brokers(address), address) as connection:
            connection.sendall(_question(brokers.mechanism))
            answered = connection.recv(4)
    except OSError:
        return None
    right = f"name a port that does, or set kafka.security_protocol to {PLAINTEXT}"
    return f"speaks no TLS there: {right}" if answered[:3] == bytes(3) else None
