"""Globs over names: they take what pathlib takes of files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets.resources.globs import fixed_folder, fixed_prefix, matches

FILES = [
    "a.csv",
    "a/a.csv",
    "a/b.csv",
    "a/b/a.csv",
    "a/b/c/.a.csv",
    "a/[x]/a.csv",
    "a/B.CSV",
    "b/a\nb.csv",
    "b/a.csv.gz",
]


@pytest.mark.parametrize(
    "pattern",
    [
        "*.csv",
        "a/*.csv",
        "a/*",
        "*/*",
        "**/*.csv",
        "a/**/*.csv",
        "a/**/b/*.csv",
        "**/b/**/*",
        "a/?.csv",
        "a/[!b].csv",
        "a/[[]x]/*.csv",
        "a/a.csv",
        "b/*.csv*",
        "./a//*.csv",
        "c/*",
        "a/*/a.csv",
    ],
)
def test_a_glob_takes_the_names_of_the_files_that_pathlib_finds(
    tmp_path: Path, pattern: str
) -> None:
    for file in FILES:
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = {
        path.relative_to(tmp_path).as_posix() for path in tmp_path.glob(pattern) if path.is_file()
    }

    taken = {file for file in FILES if matches(file, pattern)}

    assert taken == found
    assert all(file.startswith(fixed_prefix(pattern)) for file in taken)
    assert all(file.startswith(fixed_folder(pattern)) for file in taken)


@pytest.mark.parametrize("file", ["a//b.csv", "/b.csv", "a/../b.csv", "a/./b.csv", "a/", "", "\0"])
def test_a_name_that_no_file_can_have_is_taken_by_no_glob(file: str) -> None:
    assert not any(matches(file, pattern) for pattern in ("**/*", "*/*", "*", "a/*/*", "**/*.csv"))


def test_the_fixed_part_of_a_glob_is_as_long_as_it_can_be() -> None:
    for pattern, folder, prefix in (
        ("a/b/c_*.csv", "a/b", "a/b/c_"),
        ("a/*/c.csv", "a", "a/"),
        ("a/**/c.csv", "a", "a/"),
        ("*.csv", "", ""),
        ("a/b.csv", "a", "a/b.csv"),
        ("a/b[0-9].csv", "a", "a/b"),
    ):
        assert (fixed_folder(pattern), fixed_prefix(pattern)) == (folder, prefix), pattern
