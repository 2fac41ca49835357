"""`tidegauge history` as an operator runs it: what it writes, what it says, what it refuses."""

from __future__ import annotations

import asyncio
import re
import shlex
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest
from prometheus_client.openmetrics import parser

from agents.settings import Refusal
from exporters.snapshot_store import wall_clock
from streams.backfill import Backfill
from streams.panes import DAY, HOUR, MINUTE, NO_WATERMARK
from streams.partition import Partition
from streams.published import Published
from tests.exporters.published_events import Worker, announce, new_prefix, new_publisher
from tests.streams.made_up import a_folding, moment, published
from tidegauge.__main__ import main
from tidegauge.arguments import milliseconds
from tidegauge.embedded import EmbeddedRedis
from tidegauge.history import Choice, Span, choose
from tidegauge.loopback_server import free_port

DOCUMENT = (Path(__file__).parents[2] / "docs" / "history.md").read_text("utf-8")
FOLDING = a_folding()
PARIS = ZoneInfo("Europe/Paris")
NOON = moment("2026-11-20T12:00+01:00")
SPAN = "--from", "2026-11-01T06:00", "--to", "2026-11-01T12:00"


def known(begun: int = NOON - 100 * DAY, watermark: int = NOON, caught_up: int = NOON) -> Backfill:
    held = published(Partition(FOLDING), caught_up_at=caught_up, at=NOON)
    since = dict.fromkeys(FOLDING.metrics, 0)
    progress = msgspec.structs.replace(held.progress, begun=begun, watermark=watermark, since=since)
    return Backfill(FOLDING, [Published(progress)])


def chosen(
    backfill: Backfill, begin: int, until: int, *, now: int = NOON, is_provisional: bool = False
) -> Choice:
    span = Span(begin, until)
    return choose(backfill, span, now, PARIS, is_provisional=is_provisional)


def told(choice: Choice) -> list[int]:
    return [end.instant + 1 for end in choice.ends]


def test_of_what_is_final_everything_is_written_without_a_word() -> None:
    found = chosen(known(), NOON - 30 * HOUR, NOON - 24 * HOUR)
    assert told(found) == [NOON - n * HOUR for n in range(29, 23, -1)]
    assert found.remarks == []


def test_what_is_not_final_is_left_out_with_how_much_and_from_when() -> None:
    found = chosen(known(), NOON - 26 * HOUR, NOON - 10 * HOUR)
    assert told(found) == [NOON - 25 * HOUR, NOON - 24 * HOUR]
    (remark,) = found.remarks
    assert remark.startswith("Left out from 2026-11-19T12:00:00+01:00 on (14 hours, 1 local day): ")
    assert "--provisional" in remark


def test_who_asks_gets_it_but_for_the_hours_that_prometheus_writes() -> None:
    found = chosen(known(), NOON - 6 * HOUR, NOON, is_provisional=True)
    assert told(found) == [NOON - n * HOUR for n in (5, 4, 3)]
    (remark,) = found.remarks
    assert remark.startswith("Left out from 2026-11-20T09:00:00+01:00 on (3 hours, 0 local days): ")


def test_who_asks_gets_nothing_that_has_not_arrived() -> None:
    behind = known(watermark=NOON - 20 * HOUR, caught_up=0)
    found = chosen(behind, NOON - 22 * HOUR, NOON, is_provisional=True)
    assert told(found) == [NOON - 21 * HOUR, NOON - 20 * HOUR]
    assert "not everything has arrived" in found.remarks[0]


def test_what_is_kept_no_longer_is_told_with_where_the_rest_begins() -> None:
    found = chosen(known(), NOON - 90 * DAY, NOON - 30 * DAY)
    assert found.remarks == [
        "The earliest of the hours that are known begins at 2026-10-16T14:00:00+02:00."
    ]
    assert all(end.is_day or end.instant > NOON - 35 * DAY for end in found.ends)
    assert found.ends[0].is_day


def test_while_a_partition_has_no_records_nothing_is_final() -> None:
    with pytest.raises(Refusal, match=r"from 2026-11-10T12:00:00\+01:00 on .*late records"):
        chosen(known(watermark=NO_WATERMARK), NOON - 10 * DAY, NOON - 9 * DAY)


def test_any_time_can_be_asked_for() -> None:
    begin, until = (milliseconds("--from", year, PARIS) for year in ("0001-01-01", "9999-12-31"))
    assert chosen(known(), begin, until).ends
    with pytest.raises(Refusal):
        chosen(known(watermark=NO_WATERMARK), begin, until)


REFUSED = {
    "before the first record": (NOON - 2 * DAY, NOON - 90 * DAY, NOON - 80 * DAY, "2026-11-18T12"),
    "not final": (NOON - 90 * DAY, NOON - DAY, NOON, "late records"),
    "in the future": (NOON - 90 * DAY, NOON + DAY, NOON + 2 * DAY, "late records"),
    "within an hour": (NOON - 90 * DAY, NOON - 2 * DAY, NOON - 2 * DAY + MINUTE, "nothing to"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_there_is_nothing_to_write_it_is_said_why(case: str) -> None:
    begun, begin, until, why = REFUSED[case]
    with pytest.raises(Refusal, match=why):
        chosen(known(begun), begin, until)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Last line of standard error of a command that ends with 2 and writes nothing."""
    try:
        code = main(("history", *arguments))
    except SystemExit as exited:
        code = exited.code if isinstance(exited.code, int) else -1
    said = capsys.readouterr()
    assert (code, said.out) == (2, "")
    assert "Traceback" not in said.err
    return said.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--from yesterday --to 2026-11-02", "--from: 'yesterday' is no time; write 2026-11-01"),
        ("--from 2026-11-01 --to 24:00", "--to: '24:00' is no time; write 2026-11-01"),
        ("--from 2026-11-02 --to 2026-11-02", "--from 2026-11-02 is not before --to 2026-11-02"),
        ("--from 2026-11-03 --to 2026-11-02", "is not before"),
        (f"{shlex.join(SPAN)} --label job", "argument --label: must be like instance="),
        (f"{shlex.join(SPAN)} --label job=", "argument --label: must be like instance="),
        (f"{shlex.join(SPAN)} --label __name__=x", "argument --label: must be like instance="),
        (f"{shlex.join(SPAN)} --label a-b=x", "argument --label: must be like instance="),
        (f"{shlex.join(SPAN)} --label a=x --label a=y", "--label: a name is given twice"),
        (f"{shlex.join(SPAN)} --output no/where", "argument --output: 'no/where' cannot be"),
    ],
)
def test_nonsense_is_refused_in_a_line(
    capsys: pytest.CaptureFixture[str], arguments: str, why: str
) -> None:
    assert why in refused(capsys, *shlex.split(arguments))


def test_without_redis_nothing_is_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIDEGAUGE_REDIS_URL", f"redis://127.0.0.1:{free_port()}")
    output = tmp_path / "history.om"
    output.write_text("what was there")
    assert "Redis cannot be read" in refused(capsys, *SPAN, "--output", str(output))
    assert output.read_text() == "what was there"


async def publish(url: str, prefix: str, now: int) -> None:
    """Three days of page views, one each 10 minutes."""
    worker = Worker(now=now)
    for number in range(3 * 144, -1, -1):
        worker.send({}, time=now - number * 10 * MINUTE)
    publisher = new_publisher(url, prefix)
    await announce(publisher)
    assert await worker.publish(publisher) == "written"
    await publisher.close()


def test_the_first_command_of_the_page_writes_what_the_second_takes(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    embedded_redis: EmbeddedRedis,
    tmp_path: Path,
) -> None:
    prefix, now = new_prefix(), wall_clock()
    asyncio.run(publish(embedded_redis.url, prefix, now))
    monkeypatch.setenv("TIDEGAUGE_REDIS_URL", embedded_redis.url)
    monkeypatch.setenv("TIDEGAUGE_REDIS_PREFIX", prefix)
    monkeypatch.chdir(tmp_path)
    found = re.search(r"^\$ tidegauge (history .+)$", DOCUMENT, re.MULTILINE)
    assert found is not None
    zone = ZoneInfo("UTC")
    begin = datetime.fromtimestamp((now - 3 * DAY + HOUR) // HOUR * HOUR / 1000, zone)
    until = begin + timedelta(hours=12)
    command = found[1].replace("2026-11-24T06:00", begin.isoformat(timespec="minutes"))
    command = command.replace("2026-11-24T18:00", until.isoformat(timespec="minutes"))
    assert main(shlex.split(command)) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert re.search(r"^Wrote [\d,]+ numbers of 12 instants from ", said.err, re.MULTILINE)
    text = (tmp_path / "history.om").read_text("utf-8")
    families = parser.text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
    views = [
        sample.value
        for family in families
        for sample in family.samples
        if family.name == "job:tidegauge_windowed_page_views:max"
        and sample.labels["window"] == "1h"
    ]
    assert views == [6] * 12
