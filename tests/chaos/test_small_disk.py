"""A disk that is full refuses to be written to, and leaves nothing behind."""

import errno
from pathlib import Path

import pytest

from tests.chaos.keeper import Keeper
from tests.chaos.small_disk import CannotMount, SmallDisk


def test_a_full_disk_takes_nothing_and_goes_with_who_mounted_it(tmp_path: Path) -> None:
    disk = SmallDisk(tmp_path, 2)
    try:
        disk.__enter__()
    except CannotMount as error:
        pytest.skip(f"no disk can be mounted here: {error}")
    try:
        assert disk.fill() > 1 << 20
        assert disk.free() == 0
        with pytest.raises(OSError, match="space") as refused:
            (tmp_path / "more").write_bytes(b"x" * 10_000)
        assert refused.value.errno == errno.ENOSPC
        disk.clear()
        assert disk.free() > 1 << 20
    finally:
        disk.__exit__()
    assert not tmp_path.is_mount()


def test_a_keeper_cleans_up_when_it_is_let_go(tmp_path: Path) -> None:
    folder = tmp_path / "with a space"
    folder.mkdir()
    (folder / "file").touch()
    with Keeper("rm -rf", folder):
        assert folder.exists()
    assert not folder.exists()
