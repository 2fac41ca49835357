"""The `tls_server_config` of a web-config file: certificate, key, who must show a certificate.

Names are those of Go, which the format takes them from; OpenSSL's stand beside them.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from streams.schema import FLAG, TEXT, TEXTS, Problem, check, one_of, some_of

VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
ASKS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
CIPHERS = {
    **dict.fromkeys(  # TLS 1.3 has its own three, which are always offered
        ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"), ""
    ),
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": "ECDHE-RSA-AES128-SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "ECDHE-RSA-AES256-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
UNSUPPORTED = {
    "cert": "is not supported: write it to a file and name that in `cert_file`",
    "key": "is not supported: write it to a file and name that in `key_file`",
    "client_ca": "is not supported: write it to a file and name that in `client_ca_file`",
    "curve_preferences": "is not supported: OpenSSL's own choice, X25519 first, is used",
}
FILES: tuple[str, ...] = ("cert_file", "key_file", "client_ca_file")
UNVERIFIED = ("RequestClientCert", "RequireAnyClientCert", "RequireClientCert")
FIELDS = {
    "cert_file": TEXT._replace(required=True),
    "key_file": TEXT._replace(required=True),
    "client_auth_type": one_of(tuple(ASKS)),
    "client_ca_file": TEXT,
    "client_allowed_sans": TEXTS,
    "min_version": one_of(tuple(VERSIONS)),
    "max_version": one_of(tuple(VERSIONS)),
    "cipher_suites": some_of(tuple(CIPHERS)),
    "prefer_server_cipher_suites": FLAG,
}


class Tls(NamedTuple):
    """How connections are encrypted, and whose are taken."""

    context: ssl.SSLContext
    requires_certificate: bool = False
    """Only those connect who have a certificate of the right authority."""
    allowed_names: frozenset[str] = frozenset()
    """One of which must be a subject alternative name of it; any is right when empty."""
    files: tuple[Path, ...] = ()


def read_tls(table: Any, path: Path, problems: list[Problem]) -> Tls | None:
    """Make it of the table in the file at `path`; None when the table is empty or wrong."""
    where, before = f"{path}: tls_server_config", len(problems)
    if table == {}:
        return None
    if isinstance(table, dict):
        problems += [Problem(f"{where}.{k}", UNSUPPORTED[k]) for k in table if k in UNSUPPORTED]
        table = {key: value for key, value in table.items() if key not in UNSUPPORTED}
        problems += _disagreements(table, where)
        if table.get("client_auth_type") in UNVERIFIED:
            del table["client_auth_type"]
    found = check(table, FIELDS, where, problems)
    files = {key: path.parent / found[key] for key in FILES if key in found}
    problems += _unreadable(files, where)
    return _make(found, files, where, problems) if len(problems) == before else None


def _disagreements(table: Mapping[str, Any], where: str) -> list[Problem]:
    """What is wrong with keys that are right by themselves."""
    asks, least, most = (table.get(k) for k in ("client_auth_type", "min_version", "max_version"))
    problems = []
    if asks in UNVERIFIED:
        why = "takes certificates of anybody; use RequireAndVerifyClientCert"
        problems.append(Problem(f"{where}.client_auth_type", f"{asks} is not supported: it {why}"))
    elif asks in (None, "NoClientCert") and "client_ca_file" in table:
        why = "`client_ca_file` needs a `client_auth_type`, such as RequireAndVerifyClientCert"
        problems.append(Problem(where, why))
    elif asks not in (None, "NoClientCert") and "client_ca_file" not in table:
        problems.append(Problem(where, f"{asks} needs `client_ca_file`: who signs clients"))
    if "client_allowed_sans" in table and asks != "RequireAndVerifyClientCert":
        why = "`client_allowed_sans` needs `client_auth_type: RequireAndVerifyClientCert`"
        problems.append(Problem(where, why))
    if (least, most) == ("TLS13", "TLS12"):
        problems.append(Problem(where, "`max_version` is below `min_version`"))
    return problems


def _unreadable(files: Mapping[str, Path], where: str) -> list[Problem]:
    problems = []
    for key, file in files.items():
        try:
            file.read_bytes()
        except (OSError, ValueError) as error:  # of a path that holds a zero byte
            why = getattr(error, "strerror", None) or str(error)
            problems.append(Problem(f"{where}.{key}", f"{str(file)!r} cannot be read: {why}"))
    return problems


def _make(
    found: Mapping[str, Any], files: Mapping[str, Path], where: str, problems: list[Problem]
) -> Tls | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = VERSIONS[found.get("min_version", "TLS12")]
    context.maximum_version = VERSIONS[found.get("max_version", "TLS13")]
    context.set_alpn_protocols(["http/1.1"])
    context.verify_mode = ASKS[found.get("client_auth_type", "NoClientCert")]
    if not found.get("prefer_server_cipher_suites", True):
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = [CIPHERS[name] for name in found.get("cipher_suites", ()) if CIPHERS[name]]
    if suites:
        context.set_ciphers(":".join(suites))
    elif found.get("cipher_suites"):  # all of them are of TLS 1.3, which offers no choice
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    try:
        # An encrypted key would otherwise be asked for on the terminal.
        context.load_cert_chain(files["cert_file"], files["key_file"], password="")
    except (OSError, ValueError) as error:  # SSLError is one; so is a file that has just gone
        why = "`cert_file` and `key_file` are no certificate in PEM with its key, unencrypted"
        problems.append(Problem(where, f"{why}: {_reason(error)}"))
    try:
        if "client_ca_file" in files:
            context.load_verify_locations(files["client_ca_file"])
    except OSError as error:
        why = f"{files['client_ca_file']} holds no certificates in PEM: {_reason(error)}"
        problems.append(Problem(f"{where}.client_ca_file", why))
    return Tls(
        context,
        context.verify_mode is ssl.CERT_REQUIRED,
        frozenset(found.get("client_allowed_sans", ())),
        tuple(files.values()),
    )


def _reason(error: Exception) -> str:
    """OpenSSL's reason in words: KEY_VALUES_MISMATCH is `key values mismatch`."""
    reason = getattr(error, "reason", None) or str(error)
    return reason.lower().replace("_", " ")
