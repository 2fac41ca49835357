"""What a setting may be, and the words that tell a person what would be right."""

import math
import re
from typing import Any

from agents.brokers import PROTOCOLS
from streams.schema import TEXT, Field

LARGEST_PORT = 65_535
LONGEST_KEY_BYTES = 64


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > 0


def _is_address(value: Any) -> bool:
    found = re.fullmatch(r"\S+:([0-9]{1,5})", value) if isinstance(value, str) else None
    return found is not None and int(found[1]) <= LARGEST_PORT


def _is_addresses(value: Any) -> bool:
    return isinstance(value, str) and all(_is_address(part) for part in value.split(","))


def _is_topic(value: Any) -> bool:
    return (
        isinstance(value, str)
        and re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{,199}", value) is not None
    )


NUMBER = Field(_is_number, "a number above 0")
WHOLE = Field(lambda x: isinstance(x, int) and not isinstance(x, bool) and x >= 0, "a whole number")
SESSION = Field(lambda x: _is_number(x) and 6 <= x <= 90, "a number from 6 to 90")  # noqa: PLR2004 - Kafka's least, Faust's most
RATIO = Field(lambda x: _is_number(x) and x <= 1, "a number above 0 and at most 1")
FLAG = Field(lambda x: isinstance(x, bool), "true or false")
ANYTHING = Field(lambda _: True, "anything")
KEY = Field(
    lambda x: TEXT.accepts(x) and len(x.encode()) <= LONGEST_KEY_BYTES,
    f"a text of at most {LONGEST_KEY_BYTES} bytes",
    secret=True,
)
SECRET = TEXT._replace(secret=True)
ADDRESS = Field(_is_address, "host:port, such as 127.0.0.1:9480")
ADDRESSES = Field(_is_addresses, "host:port, several separated by commas")
PROTOCOL = Field(
    lambda x: x in PROTOCOLS, f"one of {', '.join(PROTOCOLS)} (SASL without TLS is refused)"
)
TOPIC = Field(_is_topic, "at most 200 letters, digits, dots, dashes and underscores")


def choice(words: tuple[str, ...]) -> Field:
    """One of several words."""
    return Field(lambda x: x in words, f"one of {', '.join(words)}")
