"""The fuzzer's target for the whole way of a drop: read, judged, written and read back.

Belongs here: what is promised of every drop whatever its bytes are. Does not: inputs (`cases`), or
promises that can be seen without DuckDB, a hundred times as fast (`walk`).
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sales_assets.contracts.inspection import part_name
from sales_assets.contracts.unpacking import members, raw_blocks
from sales_assets.errors import DropError
from sales_assets_tests.contracts import builders
from sales_assets_tests.contracts.builders import Desk, Judged
from sales_assets_tests.contracts.test_corpus import WAYS, read_as
from sales_assets_tests.fuzz.cases import SIGNS, Input, Inputs, seeds

__all__ = ["SIGNS", "seeds", "target"]

OWN_FAULTS = ("were counted in the file, but", ": cannot be read (")
"""What refusals say that blame the file for something that the reader is to blame for."""


@contextmanager
def target(folder: Path) -> Iterator[Callable[[bytes], None]]:
    """What to call with the fuzzer's bytes; files are written below a folder."""
    inputs = Inputs(folder)
    with builders.desk(folder / "desk") as desk:
        desk.connection.execute("SET threads = 1")  # for drops this small more are slower

        def judge(data: bytes) -> None:
            given = inputs.read(data)
            if given is not None and given.content:
                _judge(desk, given, folder / "desk")

        yield judge


def _judge(desk: Desk, given: Input, folder: Path) -> None:
    usual = _outcome(desk, given, WAYS[0])
    other = _outcome(desk, given, WAYS[1 + given.choice % 2])
    told = f"{given.case}: {given.contract.dialect} {given.name} {given.content!r}"
    assert _rows(usual) == _rows(other), f"{told}\n{_rows(usual)}\n{_rows(other)}"
    if isinstance(usual, str):
        assert not any(fault in usual for fault in OWN_FAULTS), f"{told}\n{usual}"
    else:
        path, found = desk.inspect(given.contract, given.content, given.name)
        rows = [*usual.accepted, *usual.rejected]
        lines = Counter((row["file"], row["line"]) for row in rows)
        last = {
            part_name(given.name, member): _last_line(given, path, member)
            for member in members(path, given.name)
        }
        assert sum(day.accepted + day.rejected for day in usual.days) == found.lines, told
        assert len(lines) == len(rows) == found.lines, f"{told}\n{lines}"
        assert all(1 <= line <= last[file] for file, line in lines), f"{told}\n{lines}"
    for made in (*desk.stager._folder.iterdir(), *folder.glob("[0-9]*")):
        shutil.rmtree(made)


def _outcome(desk: Desk, given: Input, way: str) -> Judged | str:
    """What becomes of a drop, or why it is refused; anything else is an error."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        read_as(way, monkeypatch)
        try:
            return desk.judge(given.contract, {given.name: given.content})
        except DropError as error:
            return str(error)


def _rows(outcome: Judged | str) -> list[str]:
    if isinstance(outcome, str):
        return [outcome]
    return sorted(repr(sorted(row.items())) for row in (*outcome.accepted, *outcome.rejected))


def _last_line(given: Input, path: Path, member: str) -> int:
    """The number of a text's last line, counted without the reader's decoding and walk."""
    content = b"".join(raw_blocks(path, given.name, member))
    return content.decode(given.contract.dialect.encoding, "replace").count("\n") + 1
