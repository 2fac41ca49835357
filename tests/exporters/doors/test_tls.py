"""Who gets through a door with TLS, and that what is renewed counts without a restart."""

from __future__ import annotations

import datetime as dt
import logging
import ssl
from pathlib import Path

import pytest
import trustme

from exporters.doors.protection import Protection
from exporters.http import Server
from tests.exporters.doors.made_up import (
    BODY,
    CLIENTS,
    TLS,
    Folder,
    ask,
    connected,
    exchange,
    get,
    hashed,
    serving,
)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def is_let_in(server: Server, context: ssl.SSLContext) -> bool:
    """Whether a client of TLS gets an answer; the refusal may meet its request."""
    try:
        return get(server, tls=context).body == BODY
    except (ssl.SSLError, ConnectionError):
        return False


def serial(server: Server, context: ssl.SSLContext) -> str:
    """Of the certificate that the server shows."""
    with connected(server, context) as connection:
        assert isinstance(connection.sock, ssl.SSLSocket)
        shown = connection.sock.getpeercert()
        assert shown is not None
        return str(shown["serialNumber"])


def test_a_door_with_a_certificate_is_served_by_tls_alone(folder: Folder) -> None:
    with serving(folder.web_config(TLS)) as server:
        assert server.url == f"https://127.0.0.1:{server.port}/"
        assert is_let_in(server, folder.trusting())
        assert b"HTTP" not in exchange(server, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        assert exchange(server, b"\x16\x03\x01\xff\xff" + b"\x00" * 100) != BODY
        assert is_let_in(server, folder.trusting())


def test_a_client_that_does_not_trust_the_authority_does_not_talk(folder: Folder) -> None:
    with serving(folder.web_config(TLS)) as server:
        assert not is_let_in(server, ssl.create_default_context())


def test_versions_below_the_least_are_refused(folder: Folder) -> None:
    old = folder.trusting()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(folder.web_config(TLS)) as server:
        assert is_let_in(server, old)
    with serving(folder.web_config(TLS.replace("}", ", min_version: TLS13}"))) as server:
        assert not is_let_in(server, old)
        assert is_let_in(server, folder.trusting())


def test_who_must_show_a_certificate_shows_one_of_the_right_authority(folder: Folder) -> None:
    now = dt.datetime.now(dt.UTC)
    right = folder.clients.issue_cert("prometheus.internal")
    expired = folder.clients.issue_cert("a.internal", not_after=now - dt.timedelta(days=1))
    others = trustme.CA().issue_cert("prometheus.internal")
    with serving(folder.web_config(CLIENTS)) as server:
        assert is_let_in(server, folder.trusting(right))
        assert not is_let_in(server, folder.trusting())
        assert not is_let_in(server, folder.trusting(others))
        assert not is_let_in(server, folder.trusting(expired))
    optional = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    with serving(folder.web_config(optional)) as server:
        assert is_let_in(server, folder.trusting(right))
        assert is_let_in(server, folder.trusting())
        assert not is_let_in(server, folder.trusting(others))


@pytest.mark.parametrize("name", ["prometheus.internal", "10.1.2.3", "2001:db8::1", "a@b.example"])
def test_of_certificates_with_a_name_only_those_that_are_allowed_are_answered(
    folder: Folder, name: str
) -> None:
    allowed = f'{CLIENTS}  client_allowed_sans: [other, "{name}"]\n'
    with serving(folder.web_config(allowed)) as server:
        right = folder.clients.issue_cert("another.internal", name)
        assert get(server, tls=folder.trusting(right)).status == 200
        wrong = folder.clients.issue_cert("another.internal")
        for path in ("/metrics", "/healthz"):
            answer = get(server, path, tls=folder.trusting(wrong))
            assert answer.status == 403
            assert answer.body == b"the certificate has none of client_allowed_sans\n"


def test_a_renewed_certificate_is_shown_from_the_next_connection_on(folder: Folder) -> None:
    with serving(folder.web_config(TLS)) as server:
        before = serial(server, folder.trusting())
        assert serial(server, folder.trusting()) == before
        with connected(server, folder.trusting()) as open_since_before:
            assert ask(open_since_before).headers["Connection"] is None
            folder.renew()
            assert ask(open_since_before).headers["Connection"] == "close"
        assert serial(server, folder.trusting()) != before
        assert ask_twice(server, folder) == [None, None]


def ask_twice(server: Server, folder: Folder) -> list[str | None]:
    with connected(server, folder.trusting()) as connection:
        return [ask(connection).headers["Connection"] for _ in range(2)]


def test_a_certificate_whose_key_is_still_to_come_waits_for_it(
    folder: Folder, caplog: pytest.LogCaptureFixture
) -> None:
    crt, key = folder.path / "server.crt", folder.path / "server.key"
    with serving(folder.web_config(TLS)) as server, caplog.at_level(logging.INFO):
        before, old_key = serial(server, folder.trusting()), key.read_bytes()
        folder.renew()
        new_key = key.read_bytes()
        key.write_bytes(old_key)
        for _ in range(3):
            assert serial(server, folder.trusting()) == before
        key.write_bytes(new_key)
        assert serial(server, folder.trusting()) != before
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith("what was read before goes on to count, because of a file: ")
    assert told[0].endswith("key values mismatch")
    assert told[1] == f"{folder.path}/web.yml can be read again"
    assert crt.exists()


def test_another_authority_counts_at_once(folder: Folder) -> None:
    known = folder.trusting(folder.clients.issue_cert("a.internal"))
    others = trustme.CA()
    with serving(folder.web_config(CLIENTS)) as server:
        assert is_let_in(server, known)
        others.cert_pem.write_to_path(folder.path / "clients.pem")
        assert not is_let_in(server, known)
        assert is_let_in(server, folder.trusting(others.issue_cert("a.internal")))


@pytest.mark.parametrize("left", ["", "{}", "basic_auth_users:\n", TLS])
def test_a_file_that_is_cut_off_opens_no_door(folder: Folder, left: str) -> None:
    users = f"basic_auth_users: {{ada: {hashed('one')}}}\n"
    with serving(folder.web_config(TLS + users)) as server:
        folder.web_config(left)
        assert get(server, tls=folder.trusting()).status == 401
        assert get(server, tls=folder.trusting(), user="ada:one").status == 200


def test_with_suites_of_tls_1_3_alone_nothing_older_is_spoken(folder: Folder) -> None:
    suites = TLS.replace("}", ", cipher_suites: [TLS_AES_256_GCM_SHA384]}")
    older = folder.trusting()
    older.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(folder.web_config(suites)) as server:
        assert get(server, tls=folder.trusting()).status == 200
        with pytest.raises(ssl.SSLError):
            get(server, tls=older)


def test_users_and_tls_may_come_while_it_runs(folder: Folder) -> None:
    users = "basic_auth_users: {ada: %s}\n"
    with serving(folder.web_config("")) as server:
        assert get(server).status == 200
        folder.web_config(users % hashed("one"))
        assert get(server).status == 401
        assert get(server, user="ada:one").status == 200
        folder.web_config(users % hashed("two"))
        assert get(server, user="ada:one").status == 401
        assert get(server, user="ada:two").status == 200
        folder.web_config(users % hashed("two") + TLS)
        assert get(server, tls=folder.trusting(), user="ada:two").status == 200
        (folder.path / "web.yml").unlink()
        assert get(server, tls=folder.trusting(), user="ada:two").status == 200
        assert get(server, tls=folder.trusting()).status == 401


def test_without_a_file_there_is_no_tls() -> None:
    with serving(Protection()) as server:
        assert server.url.startswith("http://")
        assert get(server).body == BODY
