"""What is asked of those who come, and what every answer says beside its content."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from exporters.http import Server
from tests.exporters.doors.made_up import (
    BODY,
    Folder,
    ask,
    connected,
    exchange,
    get,
    hashed,
    serving,
)

PATHS = ("/metrics", "/readyz", "/", "/nothing")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A door for ada."""
    folder = Folder(tmp_path_factory.mktemp("guarded"))
    with serving(folder.web_config(f"basic_auth_users: {{ada: {hashed('right: ⚓')}}}")) as server:
        yield server


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("user", ["", "ada:", "ada:wrong", "bob:right: ⚓", ":", "ada"])
def test_who_does_not_know_a_password_is_told_nothing(
    guarded: Server, path: str, user: str
) -> None:
    answer = get(guarded, path, user=user)
    assert (answer.status, answer.body) == (401, b"401: Unauthorized")
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="tidegauge", charset="UTF-8"'
    assert answer.headers["Connection"] == "close"


def test_who_knows_one_is_answered(guarded: Server) -> None:
    for _ in range(2):
        assert get(guarded, user="ada:right: ⚓").body == BODY
        assert get(guarded, user="ada:wrong").status == 401


@pytest.mark.parametrize(
    "login", ["Basic", "Basic ?", "Basic YWRh", "Bearer YWRhOng=", "Basic /w==", "Basic YWRhOng= x"]
)
def test_a_header_that_is_no_login_is_one_that_is_wrong(guarded: Server, login: str) -> None:
    with connected(guarded) as connection:
        assert ask(connection, headers={"Authorization": login}).status == 401


def test_whether_the_process_lives_is_told_without_a_password_and_nothing_else(
    guarded: Server,
) -> None:
    assert get(guarded, "/healthz")[::2] == (200, b"ok\n")
    for path in ("/healthz/", "/healthz/../metrics", "//healthz", "/readyz?/healthz"):
        assert get(guarded, path).status == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/nothing"])
def test_only_reading_is_answered(method: str, path: str) -> None:
    with serving() as server, connected(server) as connection:
        answer = ask(connection, path, method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")


def test_a_body_is_not_taken() -> None:
    with serving() as server:
        for body in (
            b"Content-Length: 5\r\n\r\nhello",
            b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ):
            told = exchange(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + body)
            assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
            assert told.endswith(b"no body is taken\n")


@pytest.mark.parametrize("path", [*PATHS, "/healthz"])
def test_every_answer_is_for_what_it_says_it_is_and_names_no_version(path: str) -> None:
    with serving() as server:
        headers = get(server, path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Server"] == "tidegauge"
    assert not re.search(r"aiohttp|python", str(headers), re.IGNORECASE)


def test_headers_of_the_file_win_over_our_own(folder: Folder) -> None:
    text = (
        "http_server_config: {headers: {Strict-Transport-Security: max-age=9, "
        "Content-Security-Policy: sandbox}}\nbasic_auth_users: {ada: %s}"
    )
    with serving(folder.web_config(text % hashed("x"))) as server:
        for user in ("ada:x", ""):
            headers = get(server, user=user).headers
            assert headers["Strict-Transport-Security"] == "max-age=9"
            assert headers.get_all("Content-Security-Policy") == ["sandbox"]
            assert headers["X-Content-Type-Options"] == "nosniff"


def test_more_requests_than_the_file_allows_are_not_answered(folder: Folder) -> None:
    with serving(folder.web_config("rate_limit: {interval: 1h, burst: 3}")) as server:
        statuses = [get(server, path).status for path in (*PATHS, "/healthz")]
    assert statuses == [200, 200, 200, 429, 429]
