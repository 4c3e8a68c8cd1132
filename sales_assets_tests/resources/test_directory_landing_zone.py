"""The landing zone in a directory: what only files have, and only they can do wrong."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from sales_assets.resources.directory_landing_zone import DirectoryLandingZone
from sales_assets.resources.landing_zone import Drop

PATTERN = "tests/shop/*.csv*"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "landing"


@pytest.fixture
def zone(root: Path) -> DirectoryLandingZone:
    return DirectoryLandingZone(root=str(root))


def write(path: Path, content: bytes = b"a\n1\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def listed(zone: DirectoryLandingZone) -> list[str]:
    return [drop.file for drop in zone.list(PATTERN)]


def everything(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_the_time_of_a_drop_is_that_of_its_file(zone: DirectoryLandingZone, root: Path) -> None:
    os.utime(write(root / "tests/shop/b.csv", b"12345"), ns=(1, 1_700_000_000_123_456_789))

    assert zone.list(PATTERN) == [Drop("tests/shop/b.csv", 5, 1_700_000_000_123_456_789)]


def test_a_folder_named_like_a_drop_is_none(zone: DirectoryLandingZone, root: Path) -> None:
    (root / "tests/shop/folder.csv").mkdir(parents=True)

    assert listed(zone) == []
    assert not zone.is_away(PATTERN)


def test_a_link_to_a_file_is_a_drop_and_a_dangling_one_is_none(
    zone: DirectoryLandingZone, root: Path, tmp_path: Path
) -> None:
    write(root / "tests/shop/a.csv")
    (root / "tests/shop/b.csv").symlink_to(write(tmp_path / "elsewhere", b"elsewhere"))
    (root / "tests/shop/c.csv").symlink_to(tmp_path / "nowhere")

    assert listed(zone) == ["tests/shop/a.csv", "tests/shop/b.csv"]
    (_, link) = zone.list(PATTERN)
    assert link.size == len(b"elsewhere")
    with zone.local(link) as path:
        assert path.read_bytes() == b"elsewhere"


def test_landing_a_drop_onto_itself_keeps_it(zone: DirectoryLandingZone, root: Path) -> None:
    drop = write(root / "tests/shop/a.csv", b"one")

    zone.put(drop, PATTERN)

    assert drop.read_bytes() == b"one"
    assert everything(root) == ["tests", "tests/shop", "tests/shop/a.csv"]


def test_a_copy_that_fails_half_way_is_never_seen_and_leaves_nothing(
    zone: DirectoryLandingZone, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(root / "tests/shop/a.csv", b"old")
    local = write(tmp_path / "local", b"new and longer")
    seen: list[list[str]] = []

    def copy_half(_: Path, target: Path) -> None:
        target.write_bytes(b"new an")
        seen.append(listed(zone))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copy_half)
    for name in ("a.csv", "b.csv"):
        with pytest.raises(OSError, match="No space left"):
            zone.put(local, PATTERN, name)

    assert seen == [["tests/shop/a.csv"]] * 2
    assert everything(root) == ["tests", "tests/shop", "tests/shop/a.csv"]
    assert (root / "tests/shop/a.csv").read_bytes() == b"old"
