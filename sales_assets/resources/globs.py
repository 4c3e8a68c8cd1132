"""Globs over names that are no files, such as keys of S3.

Belongs here: what a glob means, as `pathlib.Path.glob` has it. Does not: listing anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import PurePosixPath

MAGIC = frozenset("*?[")


def matches(file: str, pattern: str) -> bool:
    """Whether a glob takes a file: `*` stays within a folder, `**` is any number of folders.

    Names that no file can have, with empty parts or `..`, are taken by no glob.
    """
    names = file.split("/")
    if {"", ".", ".."} & set(names) or "\0" in file:
        return False
    return _takes(PurePosixPath(pattern).parts, names)


def _takes(parts: Sequence[str], names: Sequence[str]) -> bool:
    if not parts or not names:
        return not parts and not names
    if parts[0] == "**":
        return any(_takes(parts[1:], names[skipped:]) for skipped in range(len(names)))
    return fnmatchcase(names[0], parts[0]) and _takes(parts[1:], names[1:])


def fixed_folder(pattern: str) -> str:
    """The folder that a glob begins with, before the first part with a wildcard; "" for none."""
    parts = PurePosixPath(pattern).parts
    fixed = list(takewhile(lambda part: not set(part) & MAGIC, parts))
    return "/".join(fixed[: len(parts) - 1])


def fixed_prefix(pattern: str) -> str:
    """The text with which everything that a glob takes begins, as long as it can be."""
    text = PurePosixPath(pattern).as_posix()
    return text[: next((n for n, letter in enumerate(text) if letter in MAGIC), len(text))]
