"""Asks everybody who comes, before anything is answered: certificate, password, manners.

Only GET and HEAD are answered, and no bodies are taken. `/healthz` is answered without a password:
it says that the process lives and nothing else, to those who cannot hold a secret.
"""

import asyncio
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any, cast

from aiohttp import BasicAuth, web
from aiohttp.typedefs import Handler, Middleware

from exporters.doors.kept import KeptWebConfig
from exporters.doors.passwords import TooManyLogins, Users
from exporters.doors.porter import SERVER, Visitor
from exporters.doors.refusals import OF_STATUS, Refusals
from exporters.doors.web_config import WebConfig

HEALTH = "/healthz"
METHODS = ("GET", "HEAD")
CHALLENGE = {"WWW-Authenticate": 'Basic realm="tidegauge", charset="UTF-8"'}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Of answers that do not bring their own."""


def set_guard(app: web.Application, kept: KeptWebConfig, refusals: Refusals) -> None:
    """Put a guard before everything the application answers."""
    app.middlewares.insert(0, _guard(kept, refusals))

    async def dress(_: web.Request, response: web.StreamResponse) -> None:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.update(SERVER | dict(kept.now().headers))

    app.on_response_prepare.append(dress)


def _guard(kept: KeptWebConfig, refusals: Refusals) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        config = kept.now()
        try:
            await _ask(request, config)
        except web.HTTPException as refusal:
            refusal.force_close()
            refusals.note(OF_STATUS[refusal.status])
            raise
        if request.path != HEALTH or not config.authenticates:
            cast("Visitor", request.protocol).seat.keep()
        response = await handler(request)
        if config.tls and request.get_extra_info("sslcontext") is not config.tls.context:
            response.force_close()  # the next connection is made on the terms of today
        return response

    return guard


async def _ask(request: web.Request, config: WebConfig) -> None:
    """Raise the answer to what must not be asked."""
    if config.bucket is not None and not config.bucket.take(asyncio.get_running_loop().time()):
        raise web.HTTPTooManyRequests(text="more requests than rate_limit allows\n")
    if config.tls is not None and config.tls.allowed_names:
        shown = set(_names(request.get_extra_info("peercert") or {}))
        if not shown & config.tls.allowed_names:
            raise web.HTTPForbidden(text="the certificate has none of client_allowed_sans\n")
    if config.users is not None and request.path != HEALTH:
        await _ask_password(request, config.users)
    if request.method not in METHODS:
        raise web.HTTPMethodNotAllowed(request.method, METHODS)
    if request.body_exists:
        raise web.HTTPBadRequest(text="no body is taken\n")


async def _ask_password(request: web.Request, users: Users) -> None:
    try:
        given = BasicAuth.decode(request.headers.get("Authorization", ""), encoding="utf-8")
    except ValueError:
        raise web.HTTPUnauthorized(headers=CHALLENGE) from None
    try:
        is_known = await users.know(given.login, given.password, request.remote or "")
    except TooManyLogins:
        why = "too many passwords wait to be checked; try again\n"
        raise web.HTTPTooManyRequests(text=why, headers={"Retry-After": "1"}) from None
    if not is_known:
        raise web.HTTPUnauthorized(headers=CHALLENGE)


def _names(certificate: dict[str, Any]) -> Iterator[str]:
    """Subject alternative names, addresses as they are commonly written."""
    for kind, name in certificate.get("subjectAltName", ()):
        yield str(ip_address(name)) if kind == "IP Address" else name
