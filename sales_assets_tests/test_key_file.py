"""A key is made once, for its owner alone."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sales_assets.key_file import make_key


def test_of_several_that_make_a_key_at_once_one_counts(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "any.key"

    def made(_: int) -> str:
        make_key(file, 32)
        return file.read_text()

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(made, range(32)))
    assert len(keys) == 1
    assert len(bytes.fromhex(keys.pop().strip())) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["any.key"]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(OSError, match="folder"):
        make_key(tmp_path / "folder" / "any.key", 32)
