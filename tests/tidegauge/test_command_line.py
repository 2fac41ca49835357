"""The command line: what an operator can mend is a line and exit code 2, never a traceback."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tidegauge.demo_process import two_free_ports
from tidegauge.__main__ import main
from tidegauge.loopback_server import free_port

COMMANDS = (
    *("demo", "worker", "exporter", "simulate", "check", "metrics", "topics", "import"),
    *("launch", "forget", "replay", "history", "boards"),
)
OF_LAUNCHES = ("launch start", "launch end", "launch list", "launch report")
CONFIGURED = (*(command for command in COMMANDS[1:] if command != "launch"), *OF_LAUNCHES)
NEEDED = {
    "import": ("subscribers.csv",),
    "boards": ("deploy",),
    "history": ("--from", "2026-11-01", "--to", "2026-11-02"),
} | {f"launch {action}": ("New pricing",) for action in ("start", "end", "report")}
"""What some commands cannot do without."""


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("TIDEGAUGE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


@contextmanager
def listening(port: int) -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
        server.listen()
        yield port


KEY = "TIDEGAUGE_PERSON_HASH_KEY"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, where clients of Kafka may leave sockets behind."""
    return subprocess.run(
        [sys.executable, "-m", "tidegauge", *arguments],
        env={"PATH": os.environ["PATH"], "COLUMNS": "200", KEY: "of the tests only", **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """Lines of standard error of a command that ends with 2."""
    try:
        code = main(arguments)
    except SystemExit as exited:  # argparse
        code = exited.code if isinstance(exited.code, int) else -1
    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert "Traceback" not in told.err
    return told.err.splitlines()


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    return capsys.readouterr().out


def test_the_help_names_every_command_with_what_it_does(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = shown(capsys, "--help")
    for command in COMMANDS:
        assert re.search(rf"^    {command} +[a-z]\w+ .+", text, re.MULTILINE)


@pytest.mark.parametrize("command", [*COMMANDS, *OF_LAUNCHES])
def test_every_option_is_explained_within_eighty_columns(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    text = shown(capsys, *command.split(), "--help")
    assert max(map(len, text.splitlines())) <= 80
    options = text.split("options:\n")[1]
    unexplained = re.findall(r"^  (-\S+(?: \S+)*)\n(?! {10})", options + "\n  -", re.MULTILINE)
    assert unexplained == []
    assert ("--config" in text) == (command in CONFIGURED)


def test_no_command_is_told_with_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert "COMMAND" in refused(capsys)[-1]


def test_an_unknown_command_is_told_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    last = refused(capsys, "worke")[-1]
    assert "'worke'" in last
    assert all(command in last for command in COMMANDS)


@pytest.mark.parametrize("command", CONFIGURED)
def test_everything_wrong_with_the_configuration_is_told_and_nothing_starts(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: str,
) -> None:
    file = tmp_path / "tidegauge.toml"
    file.write_text('[kafka]\ntopik = "x"\n[goals]\ntrial = 5\n[reporting]\ntimezone = "Mars"\n')
    monkeypatch.setenv("TIDEGAUGE_WORKER_BIND", "9481")
    lines = refused(capsys, *command.split(), *NEEDED.get(command, ()), "--config", str(file))
    assert lines[0] == "the configuration cannot be used:"
    for expected in (
        f"  {file}: kafka: unknown key 'topik'; did you mean 'topic'?",
        f"  {file}: goals.trial: must be the name of an event, not 5",
        "  TIDEGAUGE_WORKER_BIND: must be host:port, such as 127.0.0.1:9480, not '9481'",
        "  reporting.timezone: no time zone 'Mars'; ",
    ):
        assert any(line.startswith(expected) for line in lines), (expected, lines)


@pytest.mark.parametrize("command", CONFIGURED)
def test_a_file_that_is_not_there_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    absent = tmp_path / "absent.toml"
    assert refused(capsys, *command.split(), *NEEDED.get(command, ()), "--config", str(absent)) == [
        "the configuration cannot be used:",
        f"  {absent}: cannot be read: No such file or directory",
    ]


def test_servers_that_do_not_answer_are_told_in_a_line_each(tmp_path: Path) -> None:
    subscribers = tmp_path / "subscribers.csv"
    subscribers.write_text("user_id,plan,subscribed_at\n")
    redis, kafka = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    settings = {"TIDEGAUGE_KAFKA_BOOTSTRAP": kafka, "TIDEGAUGE_REDIS_URL": f"redis://{redis}"}
    with ThreadPoolExecutor() as pool:
        *others, check = pool.map(
            lambda command: run(*command.split(), **settings),
            ("simulate", "topics", f"import {subscribers}", "check"),
        )
    for ended in others:
        assert (ended.returncode, ended.stdout) == (2, "")
        (line,) = ended.stderr.splitlines()
        assert line.startswith(f"tidegauge: Kafka does not answer at {kafka}")
    assert (check.returncode, check.stderr) == (1, "")
    lines = check.stdout.splitlines()
    assert re.fullmatch(r"✓ configuration: \d+ metrics", lines[0])
    assert lines[1:3] == [
        "✓ exporter.bind 127.0.0.1:9480: this machine only, no TLS",
        "✓ worker.bind 127.0.0.1:9481: this machine only, no TLS",
    ]
    assert re.fullmatch(rf"✗ Redis: .*{redis}.*", lines[3])
    assert re.fullmatch(rf"✗ Kafka: .*{kafka}.*", lines[4])


@pytest.mark.parametrize(("command", "part"), [("worker", "WORKER"), ("exporter", "EXPORTER")])
def test_a_port_that_is_taken_is_one_line_that_names_the_setting(command: str, part: str) -> None:
    variable = f"TIDEGAUGE_{part}_BIND"
    with listening(free_port()) as port:
        ended = run(command, **{variable: f"127.0.0.1:{port}"})
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"tidegauge: port {port} on 127.0.0.1 is taken by another program")
    assert line.endswith(f"choose another one with {variable}")


@pytest.mark.parametrize("offset", [0, 1])
def test_a_demo_needs_its_port_and_the_next(
    capsys: pytest.CaptureFixture[str], offset: int
) -> None:
    first = two_free_ports()
    with listening(first + offset) as port:
        (line,) = refused(capsys, "demo", "--port", str(first))
    assert line.startswith(f"tidegauge: port {port} on 127.0.0.1 is taken")
    assert "--port (with make: PORT=)" in line


@pytest.mark.parametrize(
    "arguments",
    [
        "demo --duration 0",
        "demo --duration -1",
        "demo --duration inf",
        "demo --duration 1e99",
        "demo --duration soon",
        "demo --rate 0",
        "demo --rate -5",
        "demo --rate nan",
        "demo --rate 1e9",
        "demo --port 0",
        "demo --port -1",
        "demo --port 65535",
        "demo --port 1e3",
        "demo --seed one",
        "demo --events /",
        "demo --events nowhere/at/all",
        "simulate --rate 0",
        "simulate --duration -1",
        "simulate --history-days 1000000",
        "simulate --history-events -1",
        "simulate --ledger nowhere/at/all",
        "check --sample 0",
        "check --sample 10000000000",
        "topics --partitions 0",
        "worker --accept-dead-letters -1",
    ],
)
def test_a_wrong_argument_is_told_with_its_name_and_value(
    capsys: pytest.CaptureFixture[str], arguments: str
) -> None:
    command, option, value = arguments.split()
    last = refused(capsys, command, f"{option}={value}")[-1]
    assert last.startswith(f"tidegauge {command}: error: argument {option}: ")
    assert f"'{value}'" in last


def test_a_file_to_write_is_tried_before_anything_starts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    last = refused(capsys, "demo", "--events", "nowhere/at/all")[-1]
    assert last.endswith("'nowhere/at/all' cannot be written: No such file or directory")


def test_metrics_of_ones_own_are_told_beside_the_shipped_ones(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "customer-effort-score.toml"
    (tmp_path / "mine.toml").write_text('[kafka]\ntopic = "mine"\n' + example.read_text())
    assert main(("metrics", "--config", str(tmp_path / "mine.toml"))) == 0
    told = capsys.readouterr().out
    assert (
        "| [Customer effort score](#customer-effort-score) | `tidegauge_ces_ratio{window}`" in told
    )
    assert "- `tidegauge_ces_score`: Percentage of good answers (5, 6, 7) minus" in told
    assert "## Active users" in told
