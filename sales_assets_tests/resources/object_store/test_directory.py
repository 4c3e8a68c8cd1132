"""Objects in a directory: their addresses, and copies that fail half-way."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from sales_assets.resources.directory_object_store import DirectoryObjectStore
from sales_assets_tests.resources.object_store.keeping import ODD_KEYS, InDirectory, Write, fetch


def names(store: DirectoryObjectStore) -> list[str]:
    """Everything in a store's folder, whether it is an object or not."""
    root = Path(store.root)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


def test_the_address_in_a_directory_is_the_absolute_path_of_the_file(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = DirectoryObjectStore(root="objects")
    store.put([(write(b"one"), ODD_KEYS[0])])

    assert store.address(ODD_KEYS[0]) == str(tmp_path / "objects" / ODD_KEYS[0])
    assert Path(store.address(ODD_KEYS[0])).read_bytes() == b"one"


def test_a_file_of_another_file_system_is_copied_and_leaves_nothing_unfinished(
    directory: DirectoryObjectStore, other_file_system: Path
) -> None:
    (other_file_system / "local").write_bytes(b"one")

    directory.put([(other_file_system / "local", "a/1")])

    assert fetch(directory, "a/1") == [b"one"]
    assert names(directory) == ["a", "a/1"]


def test_a_copy_that_fails_half_way_is_never_seen_and_leaves_nothing(
    directory: DirectoryObjectStore, other_file_system: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (other_file_system / "local").write_bytes(b"new")
    InDirectory(directory).fill(["a/1"])
    seen: list[list[str]] = []

    def copy_half(_: Path, target: Path) -> None:
        target.write_bytes(b"ne")
        seen.append(directory.find(""))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copy_half)
    for key in ("a/1", "a/2"):
        with pytest.raises(OSError, match="No space left"):
            directory.put([(other_file_system / "local", key)])

    assert seen == [["a/1"], ["a/1"]]
    assert fetch(directory, "a/1") == [b"x"]
    assert names(directory) == ["a", "a/1"]


def test_what_a_killed_copy_left_in_a_directory_is_not_an_object(
    directory: DirectoryObjectStore,
) -> None:
    InDirectory(directory).fill(["a/1", "a/.2.tmp", ".3"])

    assert directory.find("") == directory.find("a/") == ["a/1"]
