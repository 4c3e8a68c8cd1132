"""The header of a drop's text: where it is, and whether it has what the contract describes.

Belongs here: finding it among the first lines, and checking it. Does not: the lines of data
(`lines`), or what a field is (`text`).
"""

from __future__ import annotations

from collections import Counter

from sales_assets.contracts.model import Dialect, SourceContract
from sales_assets.contracts.pseudonyms import WITHHELD
from sales_assets.contracts.text import LONGEST_RECORD, is_comment, split_line
from sales_assets.contracts.unpacking import BLOCK
from sales_assets.errors import DropError

SEARCHED = 100
"""Lines among which `headerRows: search` looks for the header."""


def header_at(contract: SourceContract, file: str, lines: list[bytes]) -> tuple[int, Counter[str]]:
    """The index of the header's line, and what was left out before it.

    Raises DropError if there is none.
    """
    dialect = contract.dialect
    if dialect.header_row is not None:
        if len(lines) < dialect.header_row:
            raise DropError(
                f"{file}: has {len(lines)} lines, and contract {contract.file.name} says that line "
                f"{dialect.header_row} is the header"
            )
        return dialect.header_row - 1, Counter(preamble=dialect.header_row - 1)
    if dialect.header_search:
        wanted = set(contract.required_headers)
        for at, line in enumerate(lines[:SEARCHED]):
            if wanted <= set(_fields_or_none(dialect, line)):
                return at, Counter(preamble=at)
        raise DropError(
            f"{file}: none of its first {SEARCHED} lines has all columns of contract "
            f"{contract.file.name}: {', '.join(map(repr, contract.required_headers))}"
        )
    skipped: Counter[str] = Counter()
    for at, line in enumerate(lines):
        if is_comment(dialect, line) or at + 1 in dialect.comment_rows:
            skipped["comment"] += 1
        elif line.strip(b"\r"):
            return at, skipped
        else:
            skipped["blank"] += 1
    return 0, Counter()


def _fields_or_none(dialect: Dialect, line: bytes) -> list[str]:
    try:
        return split_line(dialect, line.rstrip(b"\r").decode())
    except ValueError:
        return []


def header_length(dialect: Dialect, lines: list[bytes]) -> int:
    """How many lines the header has: more than one if a quoted name goes on in the next line."""
    quote, quotes = dialect.quote_char.encode(), 0
    if dialect.quoted_newlines and quote:
        for count, line in enumerate(lines[:LONGEST_RECORD], start=1):
            quotes += line.count(quote)
            if quotes % 2 == 0:
                return count
    return 1


def checked_header(contract: SourceContract, file: str, line: int, raw: bytes) -> tuple[str, ...]:
    """The header's names, checked against the columns of the contract.

    Raises DropError if it cannot be one, or lacks a column.
    """
    where = f"{file}, line {line}"
    encoding = contract.dialect.encoding
    try:
        text = raw.rstrip(b"\r").decode()
    except UnicodeDecodeError as error:
        raise DropError(
            f"{where}: is not {encoding.upper()} text ({error.reason}); export it so, or correct "
            "the encoding in the contract"
        ) from error
    if "\0" in text:
        raise DropError(f"{where}: holds binary data; export it as CSV in {encoding.upper()}")
    if "\r" in text or len(raw) >= BLOCK:
        raise DropError(
            f"{where}: does not end in a line feed; export it with LF or CRLF line ends"
        )
    try:
        header = split_line(contract.dialect, text)
    except ValueError as error:
        raise DropError(f"{where}: cannot be the header: {error}") from error
    missing = [name for name in contract.required_headers if name not in header]
    if missing:
        there = ", ".join(map(repr, header)) if text else "nothing"
        # Of a file without a header this would be a line of data.
        if contract.has_personal_columns and 2 * len(missing) > len(contract.required_headers):
            there = WITHHELD
        raise DropError(
            f"{where}: the header lacks {', '.join(map(repr, missing))}, which contract "
            f"{contract.file.name} ({contract.name}) describes; it has {there}. Correct the file, "
            "or the contract if the source changed"
        )
    twice = [name for name in contract.required_headers if header.count(name) > 1]
    if twice:
        raise DropError(
            f"{where}: column {', '.join(map(repr, twice))} is there twice; give each column its "
            "own name"
        )
    return tuple(header)
