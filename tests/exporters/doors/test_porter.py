"""Those who send garbage, too much, too slowly or nothing at all keep nobody else out."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.doors.porter import Limits, Seat
from exporters.http import Server
from tests.exporters.doors.made_up import (
    BODY,
    LONGEST_WAIT_SECONDS,
    TLS,
    Folder,
    ask,
    connected,
    exchange,
    get,
    hashed,
    rest,
    serving,
)

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
IMPATIENT = Limits(first_request_seconds=0.3, next_request_seconds=0.3)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def call(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), LONGEST_WAIT_SECONDS)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x00\xff\xfe\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x07" * 200,  # TLS to a plain port
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n"
        + b"".join(b"X%d: y\r\n" % n for n in range(200))
        + b"\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_not_repeated(
    server: Server, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    told = exchange(server, garbage)
    assert told.startswith(b"HTTP/1.0 400 Bad Request\r\nServer: tidegauge\r\n")
    assert told.endswith(b"\r\n\r\n400: Bad Request")
    assert caplog.records == []
    assert get(server).body == BODY


def test_to_expect_what_is_no_text_is_refused_and_not_repeated(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    told = exchange(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\nExpect: \xff\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert told.endswith(b"\r\n\r\n400: Bad Request")
    assert caplog.records == []


@pytest.mark.parametrize("start", [b"GET /", b"GET / HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n"])
def test_a_megabyte_of_headers_is_cut(server: Server, start: bytes) -> None:
    told = exchange(server, start + b"x" * 1_000_000 + b"\r\n\r\n")
    assert told == b"" or told.startswith(b"HTTP/1.0 400 ")
    assert get(server).body == BODY


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60) | st.sampled_from([REQUEST, b"GET ", b"\r\n"]), max_size=6))
def test_whatever_is_sent_the_next_one_is_answered(server: Server, parts: list[bytes]) -> None:
    with call(server) as connection:
        with contextlib.suppress(OSError):  # it was cut before all was sent
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        rest(connection)
    assert get(server).body == BODY


@pytest.mark.parametrize("sent", [b"", b"GET /metrics HTTP/1.1\r\nHost:", b"\x16\x03\x01"])
@pytest.mark.parametrize("text", ["", TLS])
def test_who_does_not_ask_in_time_is_sent_away(tmp_path: Path, sent: bytes, text: str) -> None:
    folder = Folder(tmp_path)
    with serving(folder.web_config(text), IMPATIENT) as server:
        assert not exchange(server, sent).startswith(b"HTTP/1.1 200")


def test_who_sends_a_letter_at_a_time_is_sent_away() -> None:
    with serving(limits=IMPATIENT) as server, call(server) as connection:
        connection.settimeout(0.02)
        for letter in b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 10_000:
            try:
                connection.sendall(bytes([letter]))
                assert connection.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                pass
            break
        else:
            pytest.fail("all was taken")


def test_who_asks_no_more_is_sent_away() -> None:
    with serving(limits=Limits(next_request_seconds=0.3)) as server, call(server) as connection:
        connection.sendall(REQUEST)
        assert rest(connection).endswith(BODY)


def test_who_does_not_read_the_answer_is_sent_away() -> None:
    length = 50_000_000
    impatient = Limits(next_request_seconds=0.3)
    with serving(limits=impatient, body=b"x" * length) as server, call(server) as connection:
        connection.sendall(REQUEST)
        while not (server.porter._seats and server.porter._seats[0].is_free):
            time.sleep(0.02)
        assert len(rest(connection)) < length


def test_a_connection_that_goes_on_asking_stays() -> None:
    with (
        serving(limits=Limits(first_request_seconds=2)) as server,
        connected(server) as connection,
        call(server) as silent,
    ):
        assert ask(connection).status == 200
        assert rest(silent) == b""
        assert ask(connection).status == 200


def test_the_silent_give_way_to_those_who_come_and_those_who_ask_stay() -> None:
    with serving(limits=Limits(connections=5)) as server, ExitStack() as stack:
        asking = [stack.enter_context(connected(server)) for _ in range(2)]
        assert [ask(one).status for one in asking] == [200, 200]
        silent = [stack.enter_context(call(server)) for _ in range(20)]
        assert get(server).body == BODY
        assert [rest(one) for one in silent[:15]] == [b""] * 15
        assert [ask(one).status for one in asking] == [200, 200]


def test_when_all_seats_are_taken_by_those_who_ask_nobody_else_is_let_in() -> None:
    with serving(limits=Limits(connections=3)) as server, ExitStack() as stack:
        asking = [stack.enter_context(connected(server)) for _ in range(3)]
        assert [ask(one).status for one in asking] == [200, 200, 200]
        assert exchange(server, REQUEST) == b""
        asking.pop().close()
        assert get_once_free(server) == BODY
        assert [ask(one).status for one in asking] == [200, 200]


def get_once_free(server: Server) -> bytes:
    """Ask until there is a seat: the server sees by and by that one has been left."""
    while True:
        with contextlib.suppress(ConnectionError):
            return get(server).body


def seats() -> int:
    """How many there are in this process, of all servers."""
    gc.collect()
    return sum(isinstance(one, Seat) for one in gc.get_objects())


def test_of_those_who_have_left_nothing_stays() -> None:
    before = seats()
    with serving() as server:
        for _ in range(50):
            assert get(server).body == BODY
        assert seats() < before + 10


def test_who_has_left_during_a_request_is_not_waited_for() -> None:
    async def leave_and_keep() -> bool:
        with socket.socket() as connection:
            seat = Seat(connection, Limits())
            seat.leave()
            seat.keep()
            return seat._until.cancelled()

    assert asyncio.run(leave_and_keep())


def test_who_is_not_known_takes_no_seat_from_those_who_are(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    users = f"basic_auth_users: {{ada: {hashed('x')}}}"
    with (
        serving(folder.web_config(users), Limits(connections=3)) as server,
        ExitStack() as stack,
    ):
        known = stack.enter_context(connected(server))
        assert ask(known, user="ada:x").status == 200
        strangers = [stack.enter_context(connected(server)) for _ in range(10)]
        assert ask(strangers[-1], "/healthz").status == 200
        assert get(server, user="ada:x").status == 200
        assert ask(known, user="ada:x").status == 200


def test_connections_in_their_handshake_take_seats_too(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with serving(folder.web_config(TLS), Limits(connections=3)) as server, ExitStack() as stack:
        waiting = [stack.enter_context(call(server)) for _ in range(10)]
        assert get(server, tls=folder.trusting()).body == BODY
        assert [rest(one) for one in waiting[:7]] == [b""] * 7


def test_a_client_that_leaves_in_its_handshake_is_forgotten(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    with serving(folder.web_config(TLS)) as server:
        for _ in range(5):
            call(server).close()
            with contextlib.suppress(ssl.SSLError):
                get(server, tls=ssl.create_default_context())
        assert get(server, tls=folder.trusting()).body == BODY
