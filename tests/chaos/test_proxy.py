"""A network of our own that is slow, or gone, and says so."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.chaos.proxy import FINE, Proxy, Weather
from tests.integration.pipeline import wait_for


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """One before a server that answers every connection with what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def answer() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(connection.recv(100))

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with Proxy(server.getsockname()[1]) as made:
            yield made
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def ask(proxy: Proxy) -> bytes:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        connection.sendall(b"hello")
        return connection.recv(100)


def test_what_is_sent_arrives_and_is_held_up_only_in_bad_weather(proxy: Proxy) -> None:
    assert ask(proxy) == b"hello"
    assert proxy.delayed_bytes == 0
    proxy.set(Weather(latency_seconds=0.01, bytes_per_second=1000))
    assert ask(proxy) == b"hello"
    assert proxy.delayed_bytes == 2 * len(b"hello")


def test_a_cut_network_ends_connections_and_refuses_new_ones(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        wait_for("it is connected", lambda: proxy.open == 1, 10)
        proxy.set(Weather(is_cut=True))
        with suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert proxy.ended > 0
    with suppress(ConnectionResetError):
        assert ask(proxy) == b""
    assert proxy.refused == 1
    proxy.set(FINE)
    assert ask(proxy) == b"hello"
