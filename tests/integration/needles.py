"""Texts that tell who somebody is, in every place of an event, and where they turn up again."""

import base64
import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from typing import Any

PLACES = (
    *("user", "anonymous", "message", "mail", "name", "phone", "street", "address", "address_6"),
    *("url", "path", "referrer", "title", "agent", "page_url", "page_mail", "feature_mail"),
    *("reason_mail", "plan", "channel", "currency", "event", "traits_mail", "token", "broken"),
)
BINARY = ("md5", "sha1", "sha256", "sha512", "blake2b")
SHORT = (8, 16, 32)
"""Bytes of a digest that may have been cut."""


class Needles:
    """One text a place, that stands nowhere else in the world."""

    def __init__(self) -> None:
        found = {place: f"needle{secrets.token_hex(8)}" for place in PLACES}
        for place in PLACES:
            if place.endswith("mail"):
                found[place] += "@example.com"
        found["address"] = ".".join(str(100 + secrets.randbelow(150)) for _ in range(4))
        found["address_6"] = "2001:db8:" + ":".join(secrets.token_hex(2) for _ in range(6))
        found["page_url"] = f"https://example.com/{found['page_url']}"
        found["path"] = f"/reset?token={found['path']}"
        self.by_place = found

    def __getitem__(self, place: str) -> str:
        return self.by_place[place]

    def events(self, time: str) -> Iterator[bytes]:
        """Records that hold all of them but the broken ones'."""
        said: list[tuple[str, str | None, dict[str, Any]]] = [
            ("page", None, {"name": self["page_url"]}),
            ("page", None, {"name": self["page_mail"]}),
            ("page", None, {"name": self["path"]}),
            ("screen", None, {"name": self["page_mail"]}),
            ("track", "Feature Used", {"feature": f"mail to {self['feature_mail']}"}),
            ("track", "Subscription Started", {"plan": self["plan"]}),
            ("track", "Subscription Cancelled", {"reason": f"ask {self['reason_mail']}"}),
            ("track", "Order Completed", {"revenue": 5, "currency": "EUR"}),
            ("track", "Order Completed", {"revenue": 5, "currency": self["currency"]}),
            ("track", "Content Shared", {"channel": self["channel"]}),
            ("track", "NPS Answered", {"score": 9}),
            ("track", self["event"], {"token": self["token"]}),
            ("identify", None, {}),
            ("group", None, {}),
        ]
        for number, (kind, event, more) in enumerate(said):
            known = {"userId": self["user"]} if number % 2 else {}
            yield self._record(number, kind, event, more, known, time)

    def _record(
        self,
        number: int,
        kind: str,
        event: str | None,
        more: dict[str, Any],
        known: dict[str, str],
        time: str,
    ) -> bytes:
        record = {
            "type": kind,
            "messageId": f"{self['message']}-{number}" if number else self["message"],
            "anonymousId": self["anonymous"],
            "timestamp": time,
            "properties": {"email": self["mail"], "title": self["title"], **more},
            "traits": {"email": self["traits_mail"], "name": self["name"], "phone": self["phone"]},
            "context": {
                "ip": self["address"],
                "userAgent": self["agent"],
                "page": {"url": self["url"], "referrer": self["referrer"], "path": self["path"]},
                "traits": {"address": {"street": self["street"]}, "ip": self["address_6"]},
            },
        }
        record |= known | ({"event": event} if event else {})
        return json.dumps(record | ({"name": more["name"]} if "name" in more else {})).encode()

    def broken(self) -> list[bytes]:
        """Records that cannot be read, each for another reason."""
        said = self["broken"]
        whole = {"type": "page", "messageId": said, "userId": said}
        return [
            f"{said} is not JSON".encode(),
            b'{"messageId": "' + said.encode() + b'\xff"}',
            json.dumps([said]).encode(),
            json.dumps(whole | {"type": said}).encode(),
            json.dumps(whole | {"userId": [said]}).encode(),
            json.dumps(whole | {"timestamp": said}).encode(),
            json.dumps({"type": "page", "userId": said}).encode(),
            json.dumps(whole | {"messageId": said * 100}).encode(),
        ]


def traces(needle: str) -> list[bytes]:
    """A text, and what is left of it where somebody hashed it without a key."""
    raw = needle.encode()
    digests = [hashlib.new(name, raw).digest() for name in BINARY]
    digests += [hashlib.blake2b(raw, digest_size=size).digest() for size in SHORT]
    digests += [digest[:size] for digest in digests for size in SHORT if size < len(digest)]
    # A digest as an integer may stand the other way round.
    forms = [form for digest in digests for form in (digest, digest[::-1])]
    written = [base64.b64encode(digest).rstrip(b"=") for digest in digests]
    return [raw, *forms, *(form.hex().encode() for form in forms), *written]


def found_in(needles: Iterable[str], hay: bytes) -> list[str]:
    """The texts that left a trace."""
    folded = hay.lower()
    return [
        needle
        for needle in needles
        if needle.encode() in folded or any(trace in hay for trace in traces(needle))
    ]
