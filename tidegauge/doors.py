"""The doors of these settings: where each service can be asked, and on what terms."""

from collections.abc import Iterator

from exporters.doors.protection import Door, Protection, can_be_reached
from exporters.http import resolve
from streams.schema import ConfigurationError, Problem
from tidegauge.settings import Settings


def worker_door(settings: Settings) -> Door:
    """Where a worker tells of itself."""
    return _door(
        settings.worker_bind,
        Protection("worker", settings.worker_web_config, settings.worker_insecure_bind),
    )


def exporter_door(settings: Settings) -> Door:
    """Where the exporter serves the metrics, and the page for those who may see all of it."""
    return _door(
        settings.exporter_bind,
        Protection("exporter", settings.exporter_web_config, settings.exporter_insecure_bind),
    )


def public_door(settings: Settings) -> Door | None:
    """Where the public page is; None when it is nowhere."""
    if not settings.public_bind:
        return None
    return _door(
        settings.public_bind,
        Protection(
            "public",
            settings.public_web_config,
            settings.public_insecure_bind,
            for_everybody=True,
        ),
    )


def doors(settings: Settings) -> Iterator[Door]:
    """All there are."""
    yield exporter_door(settings)
    yield worker_door(settings)
    public = public_door(settings)
    if public is not None:
        yield public


def door_problems(settings: Settings) -> Iterator[Problem]:
    """What is wrong with any of them."""
    for door in doors(settings):
        try:
            told(door)
        except ConfigurationError as error:
            yield from error.problems


def told(door: Door) -> str:
    """What a door asks, in words; raises ConfigurationError."""
    section = door.protection.section
    try:
        hosts = [address[0] for _, address in resolve(door.host, door.port)]
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(
            [Problem(f"{section}.bind", f"{door.bind} is no address: {error}")]
        ) from None
    config = door.protection.read(hosts)
    where = "can be reached" if any(map(can_be_reached, hosts)) else "this machine only"
    forced = f" ({section}.insecure_bind)" if door.protection.insecure_bind else ""
    return f"{section}.bind {door.bind}: {where}, {config}{forced}"


def _door(bind: str, protection: Protection) -> Door:
    host, _, port = bind.rpartition(":")
    return Door(host.strip("[]"), int(port), protection)
