"""Files that appear complete or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.resources.files import all_whole


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def write(folder: Path, word: str) -> None:
    (folder / "below").mkdir(exist_ok=True)
    (folder / "one").write_text(word)
    (folder / "below" / "two").write_text(word)


def test_files_take_their_places_together_and_others_stay(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    for word in ("old", "new"):
        with all_whole(target) as unfinished:
            write(unfinished, word)
            assert (target / "one").exists() == (word == "new")
        (target / "another").write_text("stays")
    assert contents(target) == {"one": "new", "below/two": "new", "another": "stays"}


def test_after_an_error_all_is_as_it_was_and_nothing_is_left(tmp_path: Path) -> None:
    write(tmp_path, "old")

    def interrupted() -> None:
        with all_whole(tmp_path) as unfinished:
            write(unfinished, "new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert contents(tmp_path) == {"one": "old", "below/two": "old"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["below", "one"]
