"""How settings say that Redis lets tidegauge in, and why that cannot be."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

from redis.asyncio.connection import parse_url

from exporters.certificates import Certificates
from streams.schema import Problem
from tidegauge.settings import Settings

BY_TLS = "rediss"


def redis_url(settings: Settings) -> str:
    """The URL a client is made with: who comes in and by which certificates stands in it, too."""
    parts, place = urlsplit(settings.redis_url), _certificates(settings)
    netloc = parts.netloc
    if settings.redis_password:
        user = f"{quote(settings.redis_username, '')}:{quote(settings.redis_password, '')}"
        netloc = f"{user}@{netloc}"
    options = {
        "ssl_ca_certs": place.ca_file,
        "ssl_certfile": place.certificate_file,
        "ssl_keyfile": place.key_file,
        "ssl_password": place.key_password,
    }
    query = urlencode({name: value for name, value in options.items() if value})
    queries = "&".join(part for part in (parts.query, query) if part)
    return parts._replace(netloc=netloc, query=queries).geturl()


def redis_problems(settings: Settings) -> Iterator[Problem]:
    """What does not go together, and files that cannot be used; nothing shown of what is secret."""
    try:
        found = parse_url(settings.redis_url)
        scheme = urlsplit(settings.redis_url).scheme
    except ValueError:  # nothing of the URL is shown: it may hold a password
        right = f"must be an address such as {Settings.redis_url}, a password percent-encoded"
        yield Problem("redis.url", right)
        return
    if any(name.startswith("ssl_") for name in found):
        right = (
            "files for TLS have settings of their own, and what TLS checks is not to be left out"
        )
        yield Problem("redis.url", f"must have no `ssl_` options: {right}")
    if settings.redis_username and not settings.redis_password:
        yield Problem("redis", "`username` needs `password`")
    if settings.redis_password and ("username" in found or "password" in found):
        yield Problem("redis", "`url` names a user or a password, too: keep it in one place")
    certificates = _certificates(settings)
    if scheme == BY_TLS:
        yield from certificates.problems("redis")
    elif certificates != Certificates():
        yield Problem("redis", f"files for TLS need a `url` that begins with {BY_TLS}://")


def _certificates(settings: Settings) -> Certificates:
    return Certificates(
        settings.redis_ca_file,
        settings.redis_certificate_file,
        settings.redis_key_file,
        settings.redis_key_password,
    )
