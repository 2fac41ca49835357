"""Puts settings together into what the layers below take."""

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import cast

from agents.bots import bot_list, is_bot
from agents.settings import WorkerSettings
from exporters.families import beside
from exporters.page.audience import can_be_public
from exporters.page.notes_file import NotesFile
from streams.catalogue import Catalogue
from streams.catalogue_file import load
from streams.folding import Folding
from streams.panes import Calendar
from streams.schema import ConfigurationError, Problem
from streams.suggestion import suggest
from streams.time_zone import load_zone
from streams.wire import CLOUDEVENTS, SEGMENT, PersonKey, WireFormat
from tidegauge.doors import worker_door
from tidegauge.kafka_door import brokers, kafka_problems
from tidegauge.redis_door import redis_problems, redis_url
from tidegauge.settings import SHARED_HASH_KEY, Settings
from tidegauge.settings_sources import read_settings

SAFE_KEY_BYTES = 16
OBJECTS = ("properties", "traits")
"""Paths of a custom format that others lead through."""


def load_checked(
    path: str | None,
    environment: Mapping[str, str],
    also: Callable[[Settings, Catalogue], Iterable[Problem]] = lambda *_: (),
) -> Settings:
    """Settings of which a fold can be made; raises ConfigurationError with all that is wrong.

    `also` finds what else would be wrong for one command.
    """
    settings, problems = read_settings(path, environment)
    try:
        catalogue = folding(settings).catalogue
    except ConfigurationError as error:
        problems.extend(error.problems)
    else:
        problems.extend(name_problems(catalogue))
        problems.extend(public_problems(settings, catalogue))
        problems.extend(also(settings, catalogue))
    problems.extend(kafka_problems(settings))
    problems.extend(redis_problems(settings))
    if problems:
        raise ConfigurationError(problems)
    return settings


def folding(settings: Settings) -> Folding:
    """The fold these settings ask for; raises ConfigurationError."""
    problems: list[Problem] = []
    try:
        zone = load_zone(settings.reporting_timezone)
    except ValueError as error:
        problems.append(Problem("reporting.timezone", str(error)))
        zone = load_zone("UTC")
    wire = _wire(settings, problems)
    try:
        catalogue = load(wire, settings.catalogue)
    except ConfigurationError as error:
        raise ConfigurationError([*problems, *error.problems]) from None
    if problems:
        raise ConfigurationError(problems)
    try:
        return Folding(
            catalogue,
            wire,
            Calendar(zone),
            hash_key=settings.person_hash_key.encode(),
            is_bot=is_bot,
            bot_list=bot_list(),
            person_key=cast("PersonKey", settings.person_key),
        )
    except ValueError as error:  # two paths of which one leads through the other
        raise ConfigurationError([Problem("source and labels", str(error))]) from None


def name_problems(catalogue: Catalogue) -> Iterator[Problem]:
    """Metrics that would be exported under a name that says something else already."""
    taken = {family.name for family in beside()}
    for metric in catalogue.metrics.values():
        for name in metric.exported_names:
            if name.removesuffix("_total") in taken:
                yield Problem(f"metrics.{metric.name}", f"{name} is exported already; rename it")


def notes_file(settings: Settings, catalogue: Catalogue) -> NotesFile:
    """The notes these settings name."""
    return NotesFile(settings.exporter_notes, catalogue)


def notes_problems(settings: Settings, catalogue: Catalogue) -> Sequence[Problem]:
    """What is wrong with the notes of the page."""
    try:
        notes_file(settings, catalogue).load()
    except ConfigurationError as error:
        return error.problems
    return ()


def public_problems(settings: Settings, catalogue: Catalogue) -> Iterator[Problem]:
    """Why the public page cannot be as it is asked for."""
    if settings.public_bind and not settings.public_metrics:
        yield Problem("public", "`bind` needs `metrics`: the names of those to show")
    for name in dict.fromkeys(settings.public_metrics):
        metric = catalogue.metrics.get(name)
        if metric is None:
            hint = suggest(name, catalogue.metrics, "see docs/metrics.md")
            yield Problem("public.metrics", f"there is no metric {name!r}; {hint}")
        elif not can_be_public(metric, catalogue):
            why = "how many people or events stand behind it is not kept, so it might tell of one"
            yield Problem("public.metrics", f"{name!r} cannot be shown: {why}")


def worker_settings(settings: Settings, accept_dead_letters: int = 0) -> WorkerSettings:
    """What a worker is told; raises ConfigurationError."""
    door = worker_door(settings)
    return WorkerSettings(
        kafka=brokers(settings),
        topic=settings.kafka_topic,
        folding=folding(settings),
        application=settings.kafka_application,
        instance=settings.worker_instance
        or f"{settings.kafka_application}-{socket.gethostname()}-{door.port}",
        redis_url=redis_url(settings),
        redis_prefix=settings.redis_prefix,
        host=door.host,
        port=door.port,
        protection=door.protection,
        checkpoint_seconds=settings.worker_checkpoint_seconds,
        publish_seconds=settings.worker_publish_seconds,
        session_seconds=settings.worker_session_seconds,
        replication_factor=settings.kafka_replication_factor,
        idempotent_producer=settings.kafka_idempotent,
        max_dead_letter_ratio=settings.worker_max_dead_letter_ratio,
        max_dead_letters_in_a_row=settings.worker_max_dead_letters_in_a_row,
        accept_dead_letters=accept_dead_letters,
    )


def hash_key_weakness(settings: Settings) -> str | None:
    """What follows from the key of the hashes where it can be guessed; None where it cannot."""
    key = settings.person_hash_key
    if key == SHARED_HASH_KEY:
        what = "is not set, and the one that is used then is no secret"
    elif len(key.encode()) < SAFE_KEY_BYTES:
        what = f"has fewer than {SAFE_KEY_BYTES} bytes"
    else:
        return None
    return (
        f"person.hash_key {what}: who can read tidegauge's topics finds out whom a hash stands for "
        "by trying ids. Before real people are counted, take one from `openssl rand -base64 32`, "
        "best in the file that TIDEGAUGE_PERSON_HASH_KEY_FILE names; counting begins anew with it"
    )


def _wire(settings: Settings, problems: list[Problem]) -> WireFormat:
    paths = dict(settings.source_paths)
    if settings.source_format != "custom":
        if paths:
            problems.append(
                Problem("source", f'paths ({", ".join(paths)}) need `format = "custom"`')
            )
        return SEGMENT if settings.source_format == "segment" else CLOUDEVENTS
    missing = [name for name in ("message_id", "user", "time", "name") if name not in paths]
    if missing:
        problems.append(Problem("source", f"a custom format needs paths for {', '.join(missing)}"))
        return SEGMENT
    clashes = [
        f"path {long!r} leads through {short!r}, which is read as a value"
        for short in {path for name, path in paths.items() if name not in OBJECTS}
        for long in paths.values()
        if long.startswith(f"{short}.")
    ]
    if clashes:
        problems.extend(Problem("source", clash) for clash in sorted(set(clashes)))
        return SEGMENT
    return WireFormat(**paths)
