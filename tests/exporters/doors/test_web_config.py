"""The web-config file of the exporter-toolkit: what is understood, and what is refused how."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporters.doors.tls import ASKS, CIPHERS, FIELDS, UNSUPPORTED, UNVERIFIED
from exporters.doors.web_config import WebConfig, read_web_config
from streams.schema import ConfigurationError
from tests.exporters.doors.made_up import CLIENTS, TLS, Folder, hashed, write

# docs/web-config.yml of the toolkit, as it stands there.
SAMPLE = """\
tls_server_config:
  cert_file: server.crt
  key_file: server.key

basic_auth_users:
  alice: $2y$10$mDwo.lAisC94iLAyP81MCesa29IzH37oigHC/42V2pdJlUprsJPze
  bob: $2y$10$hLqFl9jSjoAAy95Z/zw8Ye8wkdMBM8c5Bn1ptYqP/AXyV0.oy0S8m

rate_limit:
  interval: "1s" # time interval between two requests, set to 0 to disable rate limiter
  burst: 20 # and permits a burst of up to 20 requests.
"""
KEYS_OF_THE_FORMAT = {
    *("cert", "key", "client_ca", "cert_file", "key_file", "client_auth_type", "client_ca_file"),
    *("client_allowed_sans", "min_version", "max_version", "cipher_suites"),
    *("prefer_server_cipher_suites", "curve_preferences"),
}
"""Of tls_server_config, by docs/web-configuration.md of the toolkit."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(tmp_path_factory.mktemp("door"))


def read(folder: Folder, text: str) -> WebConfig:
    return read_web_config(Path(folder.web_config(text).web_config))


def problems(folder: Folder, text: str) -> list[str]:
    """What is told, without the name of the file."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    return [str(one).replace(f"{folder.path}/web.yml: ", "") for one in caught.value.problems]


def in_tls(lines: str) -> str:
    return f"tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  {lines}\n"


def test_the_sample_of_the_toolkit_is_understood(folder: Folder) -> None:
    config = read(folder, SAMPLE)
    assert str(config) == "TLS, 2 with a password"
    assert config.authenticates
    assert config.bucket is not None
    assert [file.name for file in config.files] == ["web.yml", "server.crt", "server.key"]


def test_every_key_of_the_format_is_supported_or_refused_with_a_reason() -> None:
    assert FIELDS.keys() | UNSUPPORTED.keys() == KEYS_OF_THE_FORMAT
    assert ASKS.keys() | set(UNVERIFIED) == {
        *("NoClientCert", "RequestClientCert", "RequireClientCert", "RequireAnyClientCert"),
        *("VerifyClientCertIfGiven", "RequireAndVerifyClientCert"),
    }


@pytest.mark.parametrize("text", ["", "# nothing\n", "tls_server_config:\nbasic_auth_users: {}\n"])
def test_a_file_that_asks_nothing_asks_nothing(folder: Folder, text: str) -> None:
    config = read(folder, text)
    assert str(config) == "no TLS"
    assert not config.authenticates


def test_only_a_certificate_that_is_required_says_who_comes(folder: Folder) -> None:
    assert read(folder, CLIENTS).authenticates
    assert str(read(folder, CLIENTS)) == "TLS, client certificates"
    optional = CLIENTS.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    assert not read(folder, optional).authenticates


@pytest.mark.parametrize("name", [name for name in CIPHERS if CIPHERS[name]])
def test_a_cipher_suite_by_its_name_in_go_is_one_of_openssl(folder: Folder, name: str) -> None:
    tls = read(folder, in_tls(f"cipher_suites: [{name}]")).tls
    assert tls is not None
    offered = {one["name"] for one in tls.context.get_ciphers() if one["protocol"] != "TLSv1.3"}
    assert offered == {CIPHERS[name]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tls_server: {}", "unknown key 'tls_server'; did you mean 'tls_server_config'?"),
        ("[1]", "must hold tls_server_config, http_server_config, basic_auth_users or rate_limit"),
        (
            "a: [",
            "cannot be used: expected the node content, but found '<stream end>' (line 1)",
        ),
        (in_tls("cert: x"), "tls_server_config.cert: is not supported: write it to a file and "),
        (in_tls("key: hush"), "tls_server_config.key: is not supported: write it to a file and "),
        (in_tls("curve_preferences: [X25519]"), "tls_server_config.curve_preferences: is not "),
        (in_tls("min_version: TLS10"), "tls_server_config.min_version: must be one of TLS12, "),
        (
            in_tls("max_version: TLS12\n  min_version: TLS13"),
            "tls_server_config: `max_version` is below `min_version`",
        ),
        (in_tls("cipher_suites: [AES]"), "tls_server_config.cipher_suites: must be a list of "),
        (in_tls("ca: x"), "tls_server_config: unknown key 'ca'; "),
        (
            in_tls("client_auth_type: RequireAnyClientCert"),
            "tls_server_config.client_auth_type: RequireAnyClientCert is not supported: it takes ",
        ),
        (
            in_tls("client_auth_type: RequireAndVerifyClientCert"),
            "tls_server_config: RequireAndVerifyClientCert needs `client_ca_file`: ",
        ),
        (
            in_tls("client_ca_file: clients.pem"),
            "tls_server_config: `client_ca_file` needs a `client_auth_type`, such as Require",
        ),
        (
            in_tls("client_allowed_sans: [a]"),
            "tls_server_config: `client_allowed_sans` needs `client_auth_type: RequireAnd",
        ),
        (
            "tls_server_config: {cert_file: server.crt}",
            "tls_server_config: needs 'key_file': a text that is not empty",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: absent.key}",
            "tls_server_config.key_file: ",
        ),
        (
            "tls_server_config: {cert_file: server.crt, key_file: web.yml}",
            "tls_server_config: `cert_file` and `key_file` are no certificate in PEM with its key",
        ),
        (
            in_tls(
                "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: server.key",
            ),
            "tls_server_config.client_ca_file: ",
        ),
        ("http_server_config: {http3: true}", "http_server_config: unknown key 'http3'; did you "),
        ("http_server_config: {headers: {X-Own: a}}", "http_server_config.headers: unknown key "),
        (
            "http_server_config: {headers: {X-Frame-Options: never}}",
            "http_server_config.headers.X-Frame-Options: must be one of deny, sameorigin",
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "a\\r\\nb: c"}}',
            "http_server_config.headers.X-XSS-Protection: must be one line of ASCII",
        ),
        (
            "basic_auth_users: {5: x}",
            "cannot be used: the key 5 is no text: quote it (line 1)",
        ),
        ('basic_auth_users: {"a:b": x}', "basic_auth_users: 'a:b' is no name of a user"),
        ("tls_server_config: 0", "tls_server_config: must be a table, not 0"),
        ("rate_limit: []", "rate_limit: must be a table, not []"),
        (
            'tls_server_config: {cert_file: "a\\0", key_file: server.key}',
            "tls_server_config.cert_file: ",
        ),
        ("rate_limit: {interval: 1, burst: 2}", "rate_limit.interval: must be a duration such as "),
        ("rate_limit: {interval: 1s}", "rate_limit: needs 'burst' beside 'interval': a whole "),
        (
            "rate_limit: {burst: 1}\nrate_limit: {burst: 2}",
            "cannot be used: 'rate_limit' is there twice (line 1)",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder: Folder, text: str, told: str) -> None:
    (problem,) = problems(folder, text)
    assert problem.startswith(told)


@pytest.mark.parametrize("secret", ["hush", f"$2y$04${'.' * 52}", f"$2y$19${'.' * 53}", "", "5"])
def test_what_is_no_hash_is_told_and_not_shown(folder: Folder, secret: str) -> None:
    told = problems(folder, f'basic_auth_users: {{ada: "{secret}"}}')
    right = "must be a bcrypt hash of cost 4 to 18, such as `htpasswd -nBC 10 NAME` prints"
    assert told == [f"basic_auth_users.ada: {right}"]


@pytest.mark.parametrize("text", ["basic_auth_users: ada hush", "basic_auth_users:\n - ada: hush"])
def test_users_in_another_form_are_told_and_not_shown(folder: Folder, text: str) -> None:
    told = problems(folder, text)
    assert told == ["basic_auth_users: must be a line `name: hash` for each user"]


def test_a_hash_is_not_shown_with_the_configuration(folder: Folder) -> None:
    secret = hashed("hush")
    assert secret not in repr(read(folder, f"basic_auth_users: {{ada: {secret}}}"))


def test_everything_wrong_is_told_at_once(folder: Folder) -> None:
    told = problems(folder, in_tls("cert: x\n  min_version: 1") + "basic_auth_users: {a: b}\nx: 1")
    assert [one.split(":")[0].split(";")[0] for one in told] == [
        "unknown key 'x'",
        "tls_server_config.cert",
        "tls_server_config.min_version",
        "basic_auth_users.a",
    ]


def test_a_key_and_a_certificate_of_two_pairs_are_refused(folder: Folder) -> None:
    write(folder.authority.issue_cert("127.0.0.1"), folder.path / "other")
    (told,) = problems(folder, "tls_server_config: {cert_file: server.crt, key_file: other.key}")
    assert told.endswith("unencrypted: key values mismatch")


def test_a_key_that_needs_a_passphrase_is_refused_and_nobody_is_asked_for_it(
    folder: Folder,
) -> None:
    key = load_pem_private_key((folder.path / "server.key").read_bytes(), password=None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hush"))
    (folder.path / "locked.key").write_bytes(locked)
    (told,) = problems(folder, "tls_server_config: {cert_file: server.crt, key_file: locked.key}")
    assert "no certificate in PEM with its key, unencrypted: " in told


def test_a_blank_header_is_not_set(folder: Folder) -> None:
    config = read(
        folder,
        'http_server_config: {http2: true, headers: {X-Frame-Options: "", '
        "Strict-Transport-Security: max-age=9}}",
    )
    assert config.headers == {"Strict-Transport-Security": "max-age=9"}


def test_paths_are_relative_to_the_file_and_may_be_absolute(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read(folder, TLS).tls is not None
    assert read(folder, TLS.replace("server.", f"{folder.path}/server.")).tls is not None


def test_a_file_that_is_not_there_is_told(folder: Folder) -> None:
    with pytest.raises(ConfigurationError, match=r"absent.yml: cannot be read: No such file"):
        read_web_config(folder.path / "absent.yml")


WORDS = st.sampled_from(
    [
        *("tls_server_config", "cert_file", "server.crt", "key_file", "client_auth_type"),
        *("http_server_config", "headers", "basic_auth_users", "rate_limit", "interval", "burst"),
        *("1s", "a\0", "$2y$04$"),
    ]
)
YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(WORDS | st.none() | st.integers(), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60) | YAML.map(yaml.safe_dump) | st.binary(max_size=40))
def test_whatever_stands_in_the_file_it_is_read_or_refused(
    tmp_path: Path, content: str | bytes
) -> None:
    file = tmp_path / "web.yml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with contextlib.suppress(ConfigurationError):
        read_web_config(file)
