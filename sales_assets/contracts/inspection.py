"""A first look at one drop: its hash, its header, its lines, its days.

Belongs here: what can be known of a file before its lines are judged, and refusing a file that
cannot be what the contract describes. Does not: splitting text (`text`), judging lines (`sql`).
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import IO, cast

from sales_assets.contracts.model import DayFromFileName, SourceContract
from sales_assets.contracts.text import BLOCK, count_lines, split_line
from sales_assets.errors import DropError

_BOM = b"\xef\xbb\xbf"
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PAR1": "a Parquet file",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"\x1f\x8b": "a gzip archive whose name does not end in .gz",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class Inspection:
    """What a drop holds. `lines` counts its data lines; blank lines are none.

    `plain` is False for a file that only the careful reader takes rightly (see `text`).
    `days` gives the lines of each day; undated lines count for the first.
    """

    sha256: str
    header: tuple[str, ...]
    lines: int
    plain: bool
    days: dict[date, int] = field(default_factory=dict)


def open_text(path: Path) -> IO[bytes]:
    """The bytes of a drop's text, decompressed if its name ends in .gz."""
    if path.name.endswith(".gz"):
        return cast("IO[bytes]", gzip.open(path, "rb"))
    return path.open("rb")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes as they lie there, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def inspect(contract: SourceContract, path: Path, file: str) -> Inspection:
    """Hash a drop, check its header and count its lines; `file` names it in messages.

    For a contract whose file names say the day, `days` is filled; otherwise `staging` counts
    the days. Raises DropError, saying what is wrong and what to do, for an empty file, a file
    that is no CSV, and a header that lacks a column of the contract.
    """
    if path.stat().st_size == 0:
        raise DropError(f"{file}: is empty (0 bytes); drop the complete file again")
    digest = sha256_of(path)
    try:
        with open_text(path) as stream:
            header = check_header(contract, stream, file)
            lines, plain = count_lines(stream, contract.dialect)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DropError(f"{file}: the compressed file is damaged or incomplete: {error}") from error
    days = {}
    if isinstance(contract.day, DayFromFileName):
        days = {file_day(contract, file): lines}
    return Inspection(digest, header, lines, plain, days)


def check_header(contract: SourceContract, stream: IO[bytes], file: str) -> tuple[str, ...]:
    """Read the header line and check that it has every column of the contract."""
    raw = stream.readline(BLOCK)
    for magic, kind in _MAGIC.items():
        if raw.startswith(magic):
            raise DropError(f"{file}: is {kind}, not a CSV; export it as CSV in UTF-8")
    try:
        text = raw.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        raise DropError(
            f"{file}, line 1: is not UTF-8 text ({error.reason}); export it as CSV in UTF-8"
        ) from error
    if "\0" in text:
        raise DropError(f"{file}, line 1: holds binary data; export it as CSV in UTF-8")
    text = text.rstrip("\r\n")
    if "\r" in text or len(raw) == BLOCK:
        raise DropError(
            f"{file}, line 1: does not end in a line feed; export it with LF or CRLF line ends"
        )
    try:
        header = split_line(contract.dialect, text)
    except ValueError as error:
        raise DropError(f"{file}, line 1: cannot be the header: {error}") from error
    missing = [name for name in contract.required_headers if name not in header]
    if missing:
        raise DropError(
            f"{file}, line 1: the header lacks {', '.join(map(repr, missing))}, which contract "
            f"{contract.file.name} ({contract.name}) describes; it has "
            f"{', '.join(map(repr, header)) if text else 'nothing'}. Correct the file, or the "
            "contract if the source changed"
        )
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DropError(
            f"{file}, line 1: column {', '.join(map(repr, twice))} is there twice; give each "
            "column its own name"
        )
    return tuple(header)


def file_day(contract: SourceContract, file: str) -> date:
    """The day that a file's name says; raises DropError if it says none."""
    assert isinstance(contract.day, DayFromFileName)
    name = PurePosixPath(file).name
    match = contract.day.pattern.search(name)
    try:
        if match is None or match["day"] is None:
            raise ValueError("it does not match")
        return datetime.strptime(match["day"], contract.day.format).date()  # noqa: DTZ007
    except ValueError as error:
        raise DropError(
            f"{file}: its name says no day by '{contract.day.pattern.pattern}' ({error}); rename "
            "it, or correct partitionDay in the contract"
        ) from error
