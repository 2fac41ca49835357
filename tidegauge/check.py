"""`tidegauge check`: whether settings are right, everything answers and the records fit."""

import argparse
import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agents import rights, topics
from agents.brokers import Brokers
from agents.findings import Finding, Topic, Weight, counted
from agents.settings import Refusal
from exporters.connection import FAILURES, describe
from exporters.redis_rights import try_rights
from streams.catalogue import OTHER, Catalogue
from streams.catalogue_file import load
from streams.example import mistakes
from streams.folding import LAUNCHES, Folding
from streams.schema import Problem
from tidegauge.arguments import whole
from tidegauge.assembly import (
    hash_key_weakness,
    load_checked,
    notes_file,
    notes_problems,
    worker_settings,
)
from tidegauge.doors import door_problems, doors, told
from tidegauge.sampling import Findings, examine
from tidegauge.settings import Settings

TIMEOUT_MILLISECONDS = 3_000
EXIT_UNREACHABLE = 1
MOST_SHOWN = 15
MARKS = {Weight.REFUSAL: "[red]✗[/]", Weight.WARNING: "[yellow]![/]", Weight.NOTE: "[dim]·[/]"}


def add_commands(commands: Any, shared: argparse.ArgumentParser) -> None:
    """Add `check` to the command line."""
    parser = commands.add_parser(
        "check",
        parents=[shared],
        help="check the configuration, the servers and a sample of records",
    )
    parser.add_argument(
        "--sample", type=whole(1, 1_000_000), default=1_000, metavar="N", help="latest records read"
    )
    parser.set_defaults(command=_check)


def _check(options: argparse.Namespace) -> int:
    console = Console(soft_wrap=True)
    checked = load_checked(options.config, os.environ, _file_problems)
    settings = worker_settings(checked)
    catalogue = settings.folding.catalogue
    console.print(f"[green]✓[/] configuration: {len(catalogue.metrics)} metrics")
    if weakness := hash_key_weakness(checked):
        console.print(f"[yellow]![/] {escape(weakness)}")
    if checked.exporter_notes:
        count = len(notes_file(checked, catalogue).load())
        console.print(f"[green]✓[/] {escape(checked.exporter_notes)}: {counted(count, 'note')}")
    for door in doors(checked):
        mark = "[yellow]![/]" if door.protection.insecure_bind else "[green]✓[/]"
        console.print(f"{mark} {escape(told(door))}")
    mistaken = list(_mistaken_examples(settings.folding))
    for name, mistake in mistaken:
        console.print(f"[red]✗[/] metrics.{name}.example: {escape(mistake)}")
    is_useful = show_redis(console, settings.redis_url, settings.redis_prefix)
    try:
        if missing := rights.missing(settings):
            console.print(f"[yellow]![/] Kafka {escape(missing)}")
        inspection = topics.inspect(settings)
        _show_topics(console, inspection)
        records = _latest(settings.kafka, inspection.topics[0], options.sample)
    except (topics.KafkaUnreachable, KafkaError, Refusal) as error:
        console.print(f"[red]✗[/] Kafka: {escape(str(error))}")
        return EXIT_UNREACHABLE
    _show(console, settings.folding, examine(settings.folding, records))
    refused = any(finding.weight is Weight.REFUSAL for finding in inspection.findings)
    return 0 if is_useful and not refused and not mistaken else EXIT_UNREACHABLE


def _file_problems(settings: Settings, catalogue: Catalogue) -> Iterator[Problem]:
    """What is wrong with the files that settings name."""
    yield from notes_problems(settings, catalogue)
    yield from door_problems(settings)


def _mistaken_examples(folding: Folding) -> Iterator[tuple[str, str]]:
    """What is wrong with the examples of one's own; those that are shipped suit their labels."""
    shipped = load(folding.wire).metrics
    for name, metric in folding.catalogue.metrics.items():
        known = shipped.get(name)
        if metric.example is not None and (known is None or known.example != metric.example):
            for mistake in mistakes(folding, metric.example):
                yield name, mistake


def show_redis(console: Console, url: str, prefix: str) -> bool:
    """Print what this user may do in Redis; False when that serves nobody.

    Workers and exporters may be users of their own, so one of the two is enough.
    """
    try:
        found = asyncio.run(try_rights(url, prefix, TIMEOUT_MILLISECONDS / 1000))
    except FAILURES as error:
        console.print(f"[red]✗[/] Redis: {escape(describe(error))}")
        return False
    is_useful = None in found
    mistake = MARKS[Weight.NOTE if is_useful else Weight.REFUSAL]
    for who, does, problem in (
        ("an exporter", "read", found.reading),
        ("a worker", "write", found.writing),
    ):
        if problem is None:
            console.print(f"[green]✓[/] Redis: {who} can {does} as this user")
        else:
            console.print(f"{mistake} Redis: {who} cannot {does} as this user: {escape(problem)}")
    return is_useful


def _show_topics(console: Console, inspection: topics.Inspection) -> None:
    for topic in inspection.topics:
        console.print(
            f"[green]✓[/] Kafka: topic {topic.name!r}, {counted(topic.partitions, 'partition')}, "
            f"{counted(topic.replicas, 'replica')}"
        )
    show_findings(console, inspection.findings)


def show_findings(console: Console, findings: Iterable[Finding]) -> None:
    """Print a line for each finding, what stops a worker first."""
    for finding in sorted(findings, key=lambda finding: finding.weight.value):
        console.print(f"{MARKS[finding.weight]} {escape(finding.text)}")


def _latest(brokers: Brokers, topic: Topic, count: int) -> list[Any]:
    partitions = [TopicPartition(topic.name, number) for number in range(topic.partitions)]
    consumer = KafkaConsumer(**brokers.client(), enable_auto_commit=False, group_id=None)
    try:
        consumer.assign(partitions)
        first, last = consumer.beginning_offsets(partitions), consumer.end_offsets(partitions)
        if first == last:
            return []  # or the poll would wait in vain
        for partition in partitions:
            share = max(1, count // len(partitions))
            consumer.seek(partition, max(first[partition], last[partition] - share))
        records: list[Any] = []
        while len(records) < count:
            polled = consumer.poll(
                timeout_ms=TIMEOUT_MILLISECONDS, max_records=count - len(records)
            )
            if not polled:
                break
            for found in polled.values():
                records.extend(found)
        return records
    finally:
        consumer.close()


def _show(console: Console, folding: Folding, findings: Findings) -> None:
    if not findings.records:
        console.print("The topic is empty: nothing to sample yet.")
        return
    readable = findings.records - findings.rejections.total()
    console.print(
        f"\n{findings.records:,} records sampled: {readable:,} can be read, "
        f"{findings.bots:,} are bots, {findings.nobody:,} name no person"
    )
    metrics = [metric.name for metric in folding.catalogue.folded()]
    console.print(_table("metric", metrics, findings.metrics, findings))
    console.print()
    facts = sorted(folding.catalogue.facts)
    console.print(_table("said of persons", facts, findings.facts, findings))
    left_out = _remarks(findings, LAUNCHES, count=1)
    if findings.launches or left_out:
        names = ", ".join(map(repr, sorted(findings.launches))) or "none"
        told = f"\nLaunches that are told of: {names}{f' ({left_out})' if left_out else ''}"
        console.print(told, markup=False)
    _show_counts(console, "Events that no metric asks for", dict(findings.unmatched.most_common()))
    for reason, count in findings.rejections.most_common():
        console.print(f"\n[red]{count:,} dead letters: {reason}[/]")
        for example in findings.rejected[reason]:
            console.print(f"  {example}", markup=False)


def _table(
    title: str, names: Iterable[str], counts: Mapping[str, int], findings: Findings
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    table.add_column(title)
    table.add_column("records", justify="right")
    table.add_column("worth a look")
    for name in names:
        count = counts.get(name, 0)
        table.add_row(name, f"{count:,}", _remarks(findings, name, count))
    return table


def _remarks(findings: Findings, metric: str, count: int) -> str:
    remarks = [] if count else ["no event of the sample counts here"]
    remarks += [
        f"{number:,} have a {label} that counts as {OTHER}"
        for (name, label), number in findings.others.items()
        if name == metric and number
    ]
    remarks += [
        f"{number:,} left out: {why.replace('_', ' ')}"
        for (name, why), number in findings.skipped.items()
        if name == metric
    ]
    return "; ".join(remarks)


def _show_counts(console: Console, title: str, counts: dict[str, int]) -> None:
    if not counts:
        return
    console.print(f"\n{title}:")
    for name, count in list(counts.items())[:MOST_SHOWN]:
        console.print(f"  {count:>7,}  {name}", markup=False)
    if len(counts) > MOST_SHOWN:
        console.print(f"  and {len(counts) - MOST_SHOWN} more")
