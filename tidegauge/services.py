"""The two services: `tidegauge worker` and `tidegauge exporter`."""

import argparse
import asyncio
import logging
import os
import signal
import socket
from typing import Any

from agents.allocator import give_memory_back, keep_tidy, relieve_collector
from agents.worker import run_until_signalled
from exporters.http import CannotListen, PortTaken
from exporters.page.audience import Audience
from exporters.page.service import Page, PublicServer
from exporters.service import Exporter
from tidegauge.arguments import whole
from tidegauge.assembly import (
    folding,
    hash_key_weakness,
    load_checked,
    notes_file,
    notes_problems,
    worker_settings,
)
from tidegauge.doors import exporter_door, public_door
from tidegauge.redis_door import redis_url
from tidegauge.settings import Settings

DOOR = (
    "It can be asked at {0}.bind, {1}. Where other machines can reach that, it needs TLS and "
    "users or client certificates in the file {0}.web_config, or {0}.insecure_bind where something "
    "else protects it: docs/doors.md."
)

log = logging.getLogger("tidegauge.exporter")


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add the services to the command line."""
    worker = commands.add_parser(
        "worker",
        parents=[shared],
        help="count the events of a topic and publish the counts",
        epilog=DOOR.format("worker", "127.0.0.1:9481"),
    )
    worker.add_argument(
        "--accept-dead-letters",
        type=whole(0, 1_000_000_000),
        default=0,
        metavar="N",
        help="take N unreadable records beyond the limit, once",
    )
    worker.set_defaults(command=_worker)
    exporter = commands.add_parser(
        "exporter",
        parents=[shared],
        help="serve the product metrics to Prometheus",
        epilog=DOOR.format("exporter", "127.0.0.1:9480"),
    )
    exporter.set_defaults(command=_exporter)


def _worker(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ)
    if weakness := hash_key_weakness(settings):
        logging.getLogger("tidegauge.worker").warning("%s", weakness)
    return asyncio.run(run_until_signalled(worker_settings(settings, options.accept_dead_letters)))


def _exporter(options: argparse.Namespace) -> int:
    settings = load_checked(options.config, os.environ, notes_problems)
    asyncio.run(_serve(settings))
    return 0


def exporter_of(settings: Settings) -> Exporter:
    """The exporter these settings ask for; raises ConfigurationError."""
    made = folding(settings)
    return Exporter(
        redis_url=redis_url(settings),
        folding=made,
        prefix=settings.redis_prefix,
        door=exporter_door(settings),
        stale_after_seconds=settings.exporter_stale_after_seconds,
        notes=notes_file(settings, made.catalogue),
    )


def public_server_of(settings: Settings, exporter: Exporter) -> PublicServer | None:
    """The public page these settings ask for; None when they ask for none."""
    door = public_door(settings)
    if door is None:
        return None
    made = folding(settings)
    names = tuple(dict.fromkeys(settings.public_metrics))
    audience = Audience(names, settings.public_minimum_group)
    notes = notes_file(settings, made.catalogue)
    page = Page(made, exporter.view, notes, audience)
    return PublicServer(page, *door)


async def _serve(settings: Settings) -> None:
    give_memory_back()
    relieve_collector()
    exporter = exporter_of(settings)
    public = public_server_of(settings, exporter)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    tidying = asyncio.create_task(keep_tidy())
    try:
        server = await exporter.start()
        log.info("serving product metrics on %smetrics", server.url)
        if public is not None:
            log.info("serving the public page on %s", (await public.start()).url)
        await stopping.wait()
    finally:
        tidying.cancel()
        if public is not None:
            await public.stop()
        await exporter.stop()


def check_port(host: str, port: int, setting: str) -> None:
    """Raise PortTaken, in one line, when something listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise CannotListen(
                f"port {port} on {host} is not for everybody; choose another one with {setting}"
            ) from error
        except OSError as error:
            raise PortTaken(
                f"port {port} on {host} is taken by another program; "
                f"stop it or choose another one with {setting}"
            ) from error
