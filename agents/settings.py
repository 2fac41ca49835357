"""What a worker is told; built by the command line, read by everything in `agents/`."""

from dataclasses import dataclass, field, replace

from agents.brokers import Brokers
from exporters.doors.protection import Protection
from streams.folding import Folding

LOOPBACK_ONLY = Protection("worker")
CHANGELOG_RECORD_BYTES = 8 << 20
"""A unit with every sketch full stays below a megabyte with the shipped catalogue."""

OTHER_SHARDS = (
    "Stop the workers, delete both topics and count anew with `tidegauge replay`, or begin under "
    "another name with TIDEGAUGE_KAFKA_APPLICATION"
)
"""What to do when there are no longer as many as their state was made for."""


@dataclass(frozen=True)
class WorkerSettings:
    """Settings of one worker process."""

    kafka: Brokers
    topic: str
    """The topic of product events."""
    folding: Folding
    application: str = "tidegauge"
    """Name of the consumer group and beginning of the names of tidegauge's own topics."""
    table: str = "units"
    """The Faust table of the state: `units` of source partitions, or `persons` of shards."""
    instance: str | None = None
    """Static group membership: a worker that restarts within the session keeps its partitions."""
    redis_url: str = field(default="redis://127.0.0.1:6379", repr=False)
    redis_prefix: str = "tidegauge"
    host: str = "127.0.0.1"
    port: int = 9481
    protection: Protection = LOOPBACK_ONLY
    checkpoint_seconds: float = 1.0
    """How much may have to be read again after a crash."""
    publish_seconds: float = 0.25
    """How old a published number may be."""
    session_seconds: float = 30.0
    """How long a dead worker's partitions wait for another one."""
    replication_factor: int = 1
    """Of the topics tidegauge creates; 3 in production."""
    idempotent_producer: bool = True
    """Off for brokers that cannot, such as the embedded one."""
    max_dead_letter_ratio: float = 0.5
    max_dead_letters_in_a_row: int = 1_000
    accept_dead_letters: int = 0
    """Dead letters taken beyond both limits, once; for a topic known to hold a bad stretch."""

    @property
    def group(self) -> str:
        """The consumer group."""
        return self.application if self.table == "units" else f"{self.application}-{self.table}"

    @property
    def changelog_topic(self) -> str:
        """Topic of the state; Faust's name for the changelog of a table of the application."""
        return f"{self.application}-{self.table}-changelog"

    @property
    def facts_topic(self) -> str:
        """Topic by which partitions of the source tell the shards of persons."""
        return f"{self.application}-facts"

    @property
    def keeps_persons(self) -> bool:
        """Whether these are settings of the second agent."""
        return self.table == "persons"

    def of_persons(self) -> "WorkerSettings":
        """Settings of the second agent: it reads the facts and keeps persons."""
        return replace(self, topic=self.facts_topic, table="persons")

    @property
    def dead_letter_topic(self) -> str:
        """Topic of the records that could not be read."""
        return f"{self.application}-dead-letters"


class Refusal(Exception):
    """A worker must not start, or not go on; the message says why and what to do."""
