"""One deployment under chaos: its topics, its workers behind proxies, its exporters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.brokers import Cluster
from tests.chaos.proxy import Proxy
from tests.chaos.recount import MOST_IDS
from tests.integration.pipeline import Pipeline, Service, wait_for
from tidegauge.embedded import EmbeddedRedis
from tidegauge.loopback_server import free_port

PARTITIONS = 12
TIME_ZONE = "Europe/Berlin"
ROOT = Path(__file__).parents[2]


@dataclass
class Line(Pipeline):
    """Names of its own on the cluster, as `Pipeline`; what workers are told is behind proxies."""

    cluster: Cluster = field(kw_only=True)
    redis_proxy: Proxy = field(kw_only=True)
    rule_off: str = ""

    @classmethod
    def on(cls, cluster: Cluster, redis: EmbeddedRedis, redis_proxy: Proxy, rule: str) -> Line:
        """Make one; what its processes write stands beside the brokers' data."""
        folder = cluster.folder / "services"
        folder.mkdir()
        settings = {
            "REPORTING_TIMEZONE": TIME_ZONE,
            "KAFKA_REPLICATION_FACTOR": "3",
            "EXPORTER_STALE_AFTER_SECONDS": "30",
        }
        return cls(
            cluster.direct,
            redis.url,
            folder,
            idempotent=True,
            partitions=PARTITIONS,
            settings=settings,
            program=("-m", "tests.chaos.launcher"),
            cluster=cluster,
            redis_proxy=redis_proxy,
            rule_off=rule,
        )

    def prepare(self) -> None:
        """Create the source, replicated as in production."""
        self.cluster.create_topic(self.topic, self.partitions)

    @property
    def proxied_redis(self) -> str:
        """Where workers and exporters find Redis."""
        return f"redis://127.0.0.1:{self.redis_proxy.port}/0"

    def trigger(self, instance: str) -> Path:
        """The file by which a worker is told where to die."""
        return self.folder / f"kill-{instance}"

    def worker(self, *options: str, instance: str = "a", **more: str) -> Service:
        """Start one that can be ill: `clock_hours` and `pieces` are what the launcher says."""
        port = free_port()
        hours, pieces = more.pop("clock_hours", ""), more.pop("pieces", "")
        environment = self.environment(
            WORKER_BIND=f"127.0.0.1:{port}",
            WORKER_INSTANCE=f"{self.name}-{instance}",
            KAFKA_BOOTSTRAP=self.cluster.proxied,
            REDIS_URL=self.proxied_redis,
            **more,
        )
        ill = {"CHAOS_RULE_OFF": self.rule_off, "CHAOS_CLOCK_HOURS": hours}
        ill |= {"CHAOS_PIECES": pieces, "CHAOS_MOST_IDS": str(MOST_IDS)}
        ill["CHAOS_KILL"] = str(self.trigger(instance))
        return self._start(["worker", *options], port, {**environment, **ill})

    def exporter(self, *options: str) -> Service:
        """Start one; returns once it listens."""
        port = free_port()
        bind = {"EXPORTER_BIND": f"127.0.0.1:{port}", "REDIS_URL": self.proxied_redis}
        service = self._start(["exporter", *options], port, self.environment(**bind))
        wait_for("the exporter listens", lambda: service.get("healthz")[0] == 200, 120)
        return service

    def _start(self, command: list[str], port: int, environment: Mapping[str, str]) -> Service:
        return super()._start(command, port, {**environment, "PYTHONPATH": str(ROOT)})
