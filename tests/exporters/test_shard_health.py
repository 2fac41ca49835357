"""What an operator sees of the shards of persons."""

from __future__ import annotations

import msgspec
from prometheus_client.registry import CollectorRegistry

from exporters.shard_health import ShardHealthCollector
from streams.losses import Losses
from streams.panes import NO_WATERMARK
from streams.published import Progress, Published

SOUND = Progress(
    partition=1,
    offset=40,
    watermark=0,
    caught_up_at=1_700_000_000_000,
    published_at=1_700_000_001_500,
    end_offset=42,
    since={},
    checkpoint_at=0,
)


def registry(progress: Progress) -> CollectorRegistry:
    found = CollectorRegistry()
    found.register(ShardHealthCollector({1: Published(progress)}))
    return found


def test_each_shard_tells_how_far_it_is() -> None:
    found, shard = registry(SOUND), {"shard": "1"}
    assert found.get_sample_value("tidegauge_shard_lag_messages", shard) == 2
    assert found.get_sample_value("tidegauge_shard_told_timestamp_seconds", shard) == 1.7e9
    published = found.get_sample_value("tidegauge_shard_published_timestamp_seconds", shard)
    assert published == 1_700_000_001.5
    assert found.get_sample_value("tidegauge_lost_facts_total", shard) == 0


def test_what_a_shard_has_declared_lost_is_counted() -> None:
    losses = Losses()
    losses.declare_records(40, 47, NO_WATERMARK)
    losses.declare_unit(0, 1_000, "facts", 50)
    found = registry(msgspec.structs.replace(SOUND, losses=losses))
    assert found.get_sample_value("tidegauge_lost_facts_total", {"shard": "1"}) == 8


def test_a_shard_that_was_not_told_by_all_has_no_time_up_to_which_it_was() -> None:
    found = registry(msgspec.structs.replace(SOUND, caught_up_at=NO_WATERMARK))
    assert found.get_sample_value("tidegauge_shard_told_timestamp_seconds", {"shard": "1"}) is None
