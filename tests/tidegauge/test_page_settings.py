"""What the page is told to show: every mistake at once, at start and in `check`; then served."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tidegauge.__main__ import main
from tidegauge.services import exporter_of, public_server_of
from tidegauge.settings import Settings
from tidegauge.settings_sources import load_settings

NOTES = """
[[notes]]
date = 2026-11-03
metric = "active_user"
happened = "h"
reason = "r"
[[notes]]
date = "2026-11-03"
metric = "active_users"
happened = "h"
reason = "r"
response = "p"
"""


@pytest.fixture(autouse=True)
def without_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith("TIDEGAUGE_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["exporter", "check"])
def test_every_mistake_in_settings_and_notes_is_told_at_once(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.toml").write_text(NOTES)
    (tmp_path / "t.toml").write_text(
        '[exporter]\nnotes = "notes.toml"\nbind = "here"\n[public]\nmetrics = ["revenues"]\n'
    )
    assert main([command, "--config", "t.toml"]) == 2
    told = capsys.readouterr().err
    for expected in (
        "t.toml: exporter.bind: must be host:port",
        "public.metrics: there is no metric 'revenues'; did you mean 'revenue'?",
        "notes.toml: notes[0].metric: must be one of active_users, stickiness_ratio, ",
        "notes.toml: notes[0]: needs 'response': a text that is not empty",
        "notes.toml: notes[1].date: must be a date without quotes, 2026-03-02, not '2026-11-03'",
    ):
        assert expected in told


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file or directory"), (b"\xff", "is not UTF-8")],
)
def test_notes_that_cannot_be_read_are_told_with_their_name(
    content: bytes | None, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "n.toml").write_bytes(content)
    (tmp_path / "t.toml").write_text('[exporter]\nnotes = "n.toml"\n')
    assert main(["exporter", "--config", "t.toml"]) == 2
    assert f"n.toml: {why}" in capsys.readouterr().err


def test_without_an_address_there_is_no_public_page() -> None:
    assert public_server_of(Settings(), exporter_of(Settings())) is None


def test_the_public_page_is_served_where_and_for_what_it_is_set() -> None:
    settings = load_settings(
        None,
        {
            "TIDEGAUGE_EXPORTER_BIND": "127.0.0.1:0",
            "TIDEGAUGE_REDIS_URL": "redis://127.0.0.1:1",
            "TIDEGAUGE_PUBLIC_BIND": "127.0.0.1:0",
            "TIDEGAUGE_PUBLIC_METRICS": "active_users,shares",
        },
    )

    async def run() -> tuple[str, str]:
        exporter = exporter_of(settings)
        public = public_server_of(settings, exporter)
        assert public is not None
        texts = []
        try:
            async with ClientSession() as client:
                for server in (await exporter.start(), await public.start()):
                    async with client.get(server.url) as response:
                        texts.append(await response.text())
        finally:
            await public.stop()
            await exporter.stop()
        return texts[0], texts[1]

    private, told = asyncio.run(run())
    assert "Redis cannot be read" in private
    assert "No numbers right now" in told
    assert "Redis" not in told
