"""Where in a JSON record each fact of an event stands.

The default is the Segment spec (https://segment.com/docs/connections/spec/common/), which
RudderStack and Jitsu write too. Any other shape is told by dotted paths.
"""

from dataclasses import dataclass
from typing import Literal

PersonKey = Literal["user_else_anonymous", "anonymous_else_user", "user_only"]


@dataclass(frozen=True)
class WireFormat:
    """Dotted paths into a record; None where records of this format do not carry the fact."""

    message_id: str
    user: str
    time: str
    kind: str | None = None
    """Path of the Segment type; without one every record is a `track`."""
    name: str | None = None
    anonymous: str | None = None
    original_time: str | None = None
    sent_at: str | None = None
    received_at: str | None = None
    bot: str | None = None
    user_agent: str | None = None
    properties: str = ""
    """Path of the object that holds an event's properties; empty when they stand at the top."""
    traits: str = ""
    """Path of the object that holds what an `identify` says; empty: where the properties are."""

    def property_path(self, name: str) -> str:
        """Path of an event's property."""
        return f"{self.properties}.{name}" if self.properties else name

    def trait_path(self, name: str) -> str:
        """Path of what an `identify` record says of a person."""
        return f"{self.traits}.{name}" if self.traits else self.property_path(name)


SEGMENT = WireFormat(
    kind="type",
    message_id="messageId",
    name="event",
    user="userId",
    anonymous="anonymousId",
    time="timestamp",
    original_time="originalTimestamp",
    sent_at="sentAt",
    received_at="receivedAt",
    bot="context.bot",
    user_agent="context.userAgent",
    properties="properties",
    traits="traits",
)

CLOUDEVENTS = WireFormat(
    message_id="id",
    name="type",
    user="data.userId",
    anonymous="data.anonymousId",
    time="time",
    properties="data",
)
