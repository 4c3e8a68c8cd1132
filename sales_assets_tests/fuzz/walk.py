"""The fuzzer's target for what Python does with a drop's lines, without DuckDB.

Belongs here: what is promised of unpacking, decoding, the walk over the lines and splitting one.
Does not: inputs (`cases`), or what becomes of the lines (`reader`).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from sales_assets.contracts.lines import DataLines, read_lines
from sales_assets.contracts.model import WHITESPACE, Dialect
from sales_assets.contracts.text import split_line
from sales_assets.contracts.unpacking import BOM, members, raw_blocks, whole_lines
from sales_assets.errors import DropError
from sales_assets_tests.fuzz.cases import SIGNS, Input, Inputs, seeds

__all__ = ["SIGNS", "seeds", "target"]


@contextmanager
def target(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """What to call with the fuzzer's bytes; files are written below a folder."""
    inputs = Inputs(folder)

    def walk(data: bytes) -> None:
        given = inputs.read(data)
        if given is None:
            return
        path = folder / given.name
        path.write_bytes(given.content)
        try:
            for member in members(path, given.name):
                _walk(given, path, member)
        except DropError:
            pass

    yield walk


def _walk(given: Input, path: Path, member: str) -> None:
    dialect = given.contract.dialect
    told = f"{given.case}: {given.contract.dialect} {given.name} {given.content!r}"
    blocks = [*whole_lines(path, given.name, dialect.encoding, member)]
    assert all(block.endswith(b"\n") for block in blocks[:-1]), told
    text = b"".join(blocks)
    decoded = b"".join(raw_blocks(path, given.name, member)).decode(dialect.encoding, "replace")
    assert text.count(b"\n") == decoded.count("\n"), told

    data = read_lines(given.contract, path, given.name, member)
    rest = b"".join(data.blocks)
    found = replace(data, blocks=[rest], skipped=Counter(data.skipped))
    records = [*_records(found)]
    numbers = [number for number, _ in records]
    assert numbers == sorted(set(numbers)), told
    if not dialect.quoted_newlines:
        text = text.removeprefix(BOM)
        lines = text.count(b"\n") + (not text.endswith(b"\n") and text != b"")
        counted = len(records) + found.skipped.total() + dialect.header
        assert counted == lines, f"{told}\n{records} {found.skipped}"
    small = replace(
        data, blocks=_blocks(rest, given.choice % 64 + 1), skipped=Counter(data.skipped)
    )
    try:
        assert [*_records(small)] == records, f"{told}\n{records}"
        assert small.skipped == found.skipped, told
        assert small.plain <= found.plain, told
    except DropError:  # a footer may be longer than a block, and is then refused
        assert dialect.footer is not None, told
    for _, raw in records:
        _split(dialect, raw, told)


def _records(data: DataLines) -> Iterator[tuple[int, bytes]]:
    for block in data:
        if block.records is not None:
            yield from block.records
            continue
        assert block.text.decode(), "no block is empty, and what is plain can be decoded"
        assert b"\0" not in block.text
        for number, line in enumerate(block.text.removesuffix(b"\n").split(b"\n"), block.first):
            assert b"\r" not in line.removesuffix(b"\r"), "what is plain ends at line feeds alone"
            yield number, line


def _blocks(text: bytes, size: int) -> Iterator[bytes]:
    """Blocks of whole lines of at least some bytes."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start + size - 1) + 1 or len(text)
        yield text[start:end]
        start = end


def _split(dialect: Dialect, raw: bytes, told: str) -> None:
    """Where Python's strict reader takes a record too, both find the same fields."""
    if dialect.delimiter == WHITESPACE:
        return
    try:
        line = raw.rstrip(b"\r").decode()
        fields = split_line(dialect, line)
        quote = dialect.quote_char or None
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        expected = next(
            csv.reader(
                [line], strict=True, delimiter=dialect.delimiter, quotechar=quote, quoting=quoting
            )
        )
    except (ValueError, csv.Error):
        return  # either may refuse more than the other
    assert fields == (expected or [""]), f"{told}\n{fields}"
