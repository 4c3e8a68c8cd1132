"""Text to lines: the drops' lines as a relation of DuckDB, one row for each line.

Belongs here: reading whole files, with each line's number as an editor shows it. Does not:
splitting one line (`text`), what its fields mean (`sql`), where files come from (`resources`).

There are two paths that agree on every file. The fast one is DuckDB's CSV reader, which may
join or refuse lines that are not well formed; it is used for `plain` files, and counts only if
it gives exactly one record for each line that `inspection` counted. The careful one splits line
by line, so that a malformed line costs itself alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.contracts.inspection import open_text
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.sql import literal, quoted, text_column
from sales_assets.contracts.text import split_line
from sales_assets.errors import DropError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_LINES = 50_000
"""Lines that the careful reader holds in memory at a time."""
_SHOWN = 3


@dataclass(frozen=True)
class DropFile:
    """A drop that is ready to be read: where its bytes lie and what `inspection` found.

    `file_no` tells the files of one read apart; `file_day` is the day of its undated lines.
    """

    file_no: int
    path: Path
    file: str
    sha256: str
    header: tuple[str, ...]
    lines: int
    plain: bool
    file_day: date | None = None


def fast_lines(contract: SourceContract, files: Sequence[DropFile]) -> str:
    """A query for the lines of well-formed files, read by DuckDB.

    Columns: file_no, line, malformed and malformed_text (both NULL), `<name>__text`.
    """
    ordered = sorted(files, key=lambda f: f.header)
    return "\nUNION ALL BY NAME\n".join(
        _one_header(contract, list(same)) for _, same in groupby(ordered, key=lambda f: f.header)
    )


def _one_header(contract: SourceContract, files: list[DropFile]) -> str:
    header, dialect = files[0].header, contract.dialect
    columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(header)))
    paths = ", ".join(literal(_as_glob(file.path)) for file in files)
    missing = ", ".join(map(literal, dialect.missing_values))
    fields = ", ".join(
        f"c{header.index(column.header)} AS {text_column(column)}" for column in contract.columns
    )
    # The records are numbered over all files; a file's first record comes after the lines of
    # the files before it.
    before = accumulate((file.lines for file in files), initial=0)
    known = ", ".join(
        f"({index}, {file.file_no}, {start})"
        for index, (file, start) in enumerate(zip(files, before, strict=False))
    )
    return f"""
SELECT file_no, ordinal - lines_before + 1 AS line,
    CAST(NULL AS VARCHAR) AS malformed, CAST(NULL AS VARCHAR) AS malformed_text, {fields}
FROM (
    SELECT *, file_index, row_number() OVER () AS ordinal
    FROM read_csv([{paths}], auto_detect = false, header = true, columns = {{{columns}}},
        delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote_char)},
        escape = {literal(dialect.quote_char)}, nullstr = [{missing}], strict_mode = true,
        allow_quoted_nulls = true)
) AS records
JOIN (VALUES {known}) AS known (file_index, file_no, lines_before) USING (file_index)
"""


def _as_glob(path: Path) -> str:
    """The pattern that matches this file alone: DuckDB takes every path for a glob."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def careful_lines(contract: SourceContract, files: Sequence[DropFile]) -> Iterator[pa.Table]:
    """The lines of any files, split one by one, some at a time; columns as in `fast_lines`.

    The first table is empty. Raises DropError for a file most of whose lines are malformed.
    """
    import pyarrow as pa

    names = [column.name + "__text" for column in contract.columns]
    schema = pa.schema(
        [
            ("file_no", pa.int32()),
            ("line", pa.int64()),
            ("malformed", pa.string()),
            ("malformed_text", pa.string()),
            *((name, pa.string()) for name in names),
        ]
    )
    yield schema.empty_table()
    for file in files:
        for rows in _batches(contract, file):
            columns = [list(column) for column in zip(*rows, strict=True)]
            yield pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema)


_Row = tuple[int, int, str | None, str | None, *tuple[str | None, ...]]


def _batches(contract: SourceContract, file: DropFile) -> Iterator[list[_Row]]:
    rows: list[_Row] = []
    offences: list[str] = []
    lines = wrong = 0
    for row in _rows(contract, file):
        lines += 1
        if row[2] is not None:
            wrong += 1
            if len(offences) < _SHOWN:
                offences.append(f"line {row[1]}: {row[2]}: {(row[3] or '')[:120]}")
        rows.append(row)
        if len(rows) == BATCH_LINES:
            yield rows
            rows = []
    if wrong * 2 > lines:
        raise DropError(
            f"{file.file}: {wrong} of {lines} lines are malformed, so the file is refused whole. "
            f"Is the delimiter {contract.dialect.delimiter!r}? First of them:\n  "
            + "\n  ".join(offences)
        )
    if rows:
        yield rows


def _rows(contract: SourceContract, file: DropFile) -> Iterator[_Row]:
    positions = [file.header.index(column.header) for column in contract.columns]
    missing = frozenset(contract.dialect.missing_values)
    blank = (None,) * len(positions)
    with open_text(file.path) as stream:
        stream.readline()
        for number, raw in enumerate(stream, start=2):
            if not raw.rstrip(b"\r\n"):
                continue
            fields, malformed = _fields(contract, raw, len(file.header), missing)
            if malformed is not None:
                text = raw.decode(errors="backslashreplace").rstrip("\r\n")
                yield (file.file_no, number, malformed, text.replace("\0", "\\0"), *blank)
            else:
                values = (fields[position] for position in positions)
                yield (
                    file.file_no,
                    number,
                    None,
                    None,
                    *(None if value in missing else value for value in values),
                )


def _fields(
    contract: SourceContract, raw: bytes, width: int, missing: frozenset[str]
) -> tuple[list[str], str | None]:
    """The fields of a line, or why it is malformed."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return [], f"the line is not UTF-8 at byte {error.start + 1}"
    if "\0" in text:
        return [], "the line holds a NUL byte"
    text = text.rstrip("\r\n")
    try:
        fields = split_line(contract.dialect, text)
    except ValueError as error:
        return [], str(error)
    # Some programs end lines with more delimiters: nothing is lost with an empty field.
    if missing.issuperset(fields[width:]):
        fields = fields[:width]
    if len(fields) != width:
        return [], f"the line has {len(fields)} fields, the header {width}"
    return fields, None


def files_table(name: str, files: Sequence[DropFile]) -> str:
    """A statement that makes the table of files which `sql.judged_query` joins."""
    rows = ", ".join(
        f"({file.file_no}, {literal(file.file)}, {literal(file.sha256)}, "
        f"{'NULL' if file.file_day is None else literal(file.file_day.isoformat())})"
        for file in files
    )
    return (
        f"CREATE OR REPLACE TEMP TABLE {quoted(name)} AS SELECT file_no, file, file_sha256, "
        f"CAST(file_day AS DATE) AS file_day FROM (VALUES {rows}) "
        "AS files (file_no, file, file_sha256, file_day)"
    )
