"""What `go install` brings is brought once, and where it cannot be the reason is told."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.go_programs import GoProgramMissing, go_program

pytestmark = pytest.mark.go
MODULE = "example.org/hello"
SOURCES = {
    "go.mod": f"module {MODULE}\n",
    "main.go": 'package main\n\nfunc main() { println("hello") }\n',
}


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A proxy of Go modules in a folder, the only one there is, with one module."""
    if shutil.which("go") is None:
        pytest.skip("go is not installed")
    versions = tmp_path / "proxy" / MODULE / "@v"
    versions.mkdir(parents=True)
    (versions / "list").write_text("v1.0.0\n")
    (versions / "v1.0.0.info").write_text('{"Version": "v1.0.0"}')
    (versions / "v1.0.0.mod").write_text(SOURCES["go.mod"])
    with ZipFile(versions / "v1.0.0.zip", "w") as packed:
        for name, text in SOURCES.items():
            packed.writestr(f"{MODULE}@v1.0.0/{name}", text)
    monkeypatch.setenv("GOPROXY", (tmp_path / "proxy").as_uri())
    monkeypatch.setenv("GOSUMDB", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    return versions


def test_a_program_is_fetched_once_and_kept(proxy: Path, tmp_path: Path) -> None:
    program = go_program(f"{MODULE}@v1.0.0", tmp_path)
    said = subprocess.run([program], check=True, capture_output=True, text=True)
    assert said.stderr == "hello\n"
    shutil.rmtree(proxy)
    assert go_program(f"{MODULE}@v1.0.0", tmp_path) == program


def test_another_version_is_not_taken_for_the_one_asked_for(proxy: Path, tmp_path: Path) -> None:
    assert proxy.exists()
    go_program(f"{MODULE}@v1.0.0", tmp_path)
    with pytest.raises(GoProgramMissing, match=r"(?s)could not install.*v1\.1\.0"):
        go_program(f"{MODULE}@v1.1.0", tmp_path)
