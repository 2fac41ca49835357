"""Texts that may tell who somebody is, and therefore are no label.

An e-mail address, a URL (also a path with a query), an IP address or a UUID, anywhere in the text,
percent-encoded and in full width too. What has no such form, a name, a plain number or a host
without a scheme, cannot be told from a page or a feature: a label that may hold those needs a
closed set of values.
"""

import re
import unicodedata
from urllib.parse import unquote

_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_GROUP = r"[0-9a-fA-F]{1,4}"
_TELLING = re.compile(
    "|".join(
        (
            r"[^\s@]@[^\s@]",  # an e-mail address
            r"\w://|\bwww\.|^/\S*\?",  # a URL, or a path with a query
            rf"(?<![\w.]){_OCTET}(?:\.{_OCTET}){{3}}(?![\d.])",
            rf"(?<![\w:])(?:{_GROUP}:){{7}}{_GROUP}(?![\w:])",  # IPv6, written out
            # IPv6, shortened
            rf"(?<![\w:])(?=[\w:]*\d)(?:{_GROUP}:){{1,6}}:(?:{_GROUP}(?::{_GROUP})*)?(?![\w:])",
            r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",  # a UUID
            r"(?<![0-9a-fA-F])[0-9a-fA-F]{32}(?![0-9a-fA-F])",  # without its dashes
        )
    )
)


def may_tell_who(text: str) -> bool:
    """Whether a text has a form that names a person, a device or an address."""
    return _TELLING.search(unicodedata.normalize("NFKC", unquote(text))) is not None
