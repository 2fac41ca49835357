"""What is installed is locked by its hashes, and the bill of materials names all of it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt")
PINNED = re.compile(r"([\w.-]+)==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def locked(name: str) -> dict[tuple[str, str], set[str]]:
    """Package and version -> hashes of its files."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: dict[tuple[str, str], set[str]] = {}
    for line in lines:
        pinned = PINNED.match(line)
        assert pinned, line
        found[pinned[1], pinned[2]] = set(HASH.findall(line))
    return found


@pytest.fixture(scope="module", params=LOCKS)
def lock(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_every_package_is_locked_with_its_hashes(lock: str) -> None:
    packages = locked(lock)
    assert len(packages) > 20
    assert all(packages.values())


def test_the_bill_of_materials_names_every_package_with_version_and_hashes(lock: str) -> None:
    command = [str(Path(sys.executable).with_name("cyclonedx-py")), "requirements", lock]
    told = subprocess.run([*command, "--of", "JSON"], cwd=ROOT, check=True, capture_output=True)
    bill: dict[str, Any] = json.loads(told.stdout)
    assert bill["bomFormat"] == "CycloneDX"
    listed = {
        (one["name"], one["version"]): set(re.findall(r"[0-9a-f]{64}", json.dumps(one)))
        for one in bill["components"]
    }
    assert listed == locked(lock)
