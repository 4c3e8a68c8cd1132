"""Text to lines: the drops' lines as a relation of DuckDB, one row for each line.

Belongs here: the queries for whole texts, and for copies of them. Does not: making a copy
(`copying`), what its fields mean (`sql`), or which way is taken for which file (`reading`).

Plain texts are read by DuckDB where they lie, and the lines numbered as they come; of any other a
copy is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from pathlib import Path

from sales_assets.contracts.model import WHITESPACE, SourceContract
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.sql import text_column


@dataclass(frozen=True)
class DropFile:
    """A text that is ready to be read: where its bytes lie and what `inspection` found.

    `file_no` tells the texts of one read apart; `file_day` is the day of its undated lines;
    `member` names the file in an archive.
    """

    file_no: int
    path: Path
    file: str
    sha256: str
    header: tuple[str, ...]
    lines: int
    plain: bool
    file_day: date | None = None
    member: str = ""

    @property
    def drop(self) -> str:
        """The drop that the text is of, or is in."""
        return self.file.removesuffix(f"/{self.member}") if self.member else self.file


def fast_lines(contract: SourceContract, files: Sequence[DropFile]) -> str:
    """A query for the lines of plain files, read by DuckDB.

    Columns: file_no, line, malformed and malformed_text (both NULL), `<name>__text`.
    """
    first = 2 if contract.dialect.header else 1
    queries = []
    for same in _by_header(files):
        # The records are numbered over all files; a file's first record comes after the lines of
        # the files before it.
        before = accumulate((file.lines for file in same), initial=0)
        known = ", ".join(
            f"({index}, {file.file_no}, {start})"
            for index, (file, start) in enumerate(zip(same, before, strict=False))
        )
        records = _records(contract, [file.path for file in same], same[0].header)
        queries.append(
            f"SELECT file_no, ordinal - lines_before + {first - 1} AS line, "
            f"{_fields(contract, same[0].header)} FROM ("
            f"SELECT *, file_index, row_number() OVER () AS ordinal FROM {records}"
            f") AS records JOIN (VALUES {known}) AS known (file_index, file_no, lines_before) "
            "USING (file_index)"
        )
    return "\nUNION ALL BY NAME\n".join(queries)


def copied_lines(contract: SourceContract, files: Sequence[DropFile], folder: Path) -> str:
    """A query for the lines of the copies that are in a folder; columns as in `fast_lines`.

    Empty if there cannot be any.
    """
    if contract.dialect.delimiter == WHITESPACE:
        return ""  # DuckDB cannot read such lines, so that no line is in a copy
    queries = []
    for same in _by_header(files):
        known = ", ".join(f"({index}, {file.file_no})" for index, file in enumerate(same))
        paths = [copy_path(folder, file) for file in same]
        records = _records(contract, paths, same[0].header, numbered=True)
        queries.append(
            f"SELECT file_no, line, {_fields(contract, same[0].header, numbered=True)} "
            f"FROM (SELECT *, file_index FROM {records}) AS records "
            f"JOIN (VALUES {known}) AS known (file_index, file_no) USING (file_index)"
        )
    return "\nUNION ALL BY NAME\n".join(queries)


def _by_header(files: Sequence[DropFile]) -> Iterator[list[DropFile]]:
    ordered = sorted(files, key=lambda file: file.header)
    return (list(same) for _, same in groupby(ordered, key=lambda file: file.header))


def _fields(contract: SourceContract, header: Sequence[str], *, numbered: bool = False) -> str:
    missing = ", ".join(literal(text) for text in contract.dialect.missing_values if text)
    fields = []
    for column in contract.columns:
        value = f"c{header.index(column.header)}"
        if numbered and missing:
            value = f"CASE WHEN {value} NOT IN ({missing}) THEN {value} END"
        fields.append(f"{value} AS {text_column(column)}")
    nothing = "CAST(NULL AS VARCHAR)"
    return ", ".join([f"{nothing} AS malformed", f"{nothing} AS malformed_text", *fields])


def _records(
    contract: SourceContract, paths: Sequence[Path], header: Sequence[str], numbered: bool = False
) -> str:
    """DuckDB's reader on files of one header, or on copies, whose lines begin with a number."""
    dialect = contract.dialect
    columns = ["'line': 'BIGINT'"] if numbered else []
    columns += [f"'c{n}': 'VARCHAR'" for n in range(len(header))]
    # In a copy a missing value could be the number of a line: `_fields` looks at fields alone.
    missing = "''" if numbered else ", ".join(map(literal, dialect.missing_values))
    has_header = "true" if dialect.header and not numbered else "false"
    return (
        f"read_csv([{', '.join(literal(_as_glob(path)) for path in paths)}], auto_detect = false, "
        f"header = {has_header}, columns = {{{', '.join(columns)}}}, "
        f"delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote_char)}, "
        f"escape = {literal(dialect.quote_char)}, nullstr = [{missing}], strict_mode = true, "
        "allow_quoted_nulls = true)"
    )


def _as_glob(path: Path) -> str:
    """The pattern that matches this file alone: DuckDB takes every path for a glob."""
    return re.sub(r"[*?\[]", r"[\g<0>]", str(path))


def copy_path(folder: Path, file: DropFile) -> Path:
    """Where a file's copy is in a folder."""
    return folder / f"{file.file_no}.csv"


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
