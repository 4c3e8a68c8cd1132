"""Text to lines: the drops' lines as a relation of DuckDB, one row for each line.

Belongs here: the two ways to read whole texts. Does not: which lines are data (`lines`), splitting
one (`text`), what its fields mean (`sql`), or which way is taken for which file (`staging`).

Plain texts are read by DuckDB where they lie, and the lines numbered as they come. Of any other a
`Copy` is made: well-formed lines with their numbers before them, for DuckDB, and the fields of
those that DuckDB would take otherwise, or that have none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.contracts.lines import Block, read_lines
from sales_assets.contracts.model import WHITESPACE, Dialect, SourceContract
from sales_assets.contracts.pseudonyms import WITHHELD
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.sql import text_column
from sales_assets.contracts.text import split_line
from sales_assets.contracts.unpacking import shown
from sales_assets.errors import RefusedDropError

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_LINES = 50_000
"""Lines with fields of their own that are held in memory at a time."""
LONGEST_COPIED = 1 << 20
"""Bytes of a line that DuckDB is given in a copy; it takes two mebibytes at most."""
_SHOWN = 3


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


_Row = tuple[int, int, str | None, str | None, *tuple[str | None, ...]]


class Copy:
    """A scratch copy of a text for DuckDB, and the lines that are not in it.

    With `every_line` each line is looked at by itself, and the copy holds only those without any
    quote, in which nothing can be taken otherwise.
    """

    def __init__(self, contract: SourceContract, file: DropFile, *, every_line: bool) -> None:
        self._contract = contract
        self._file = file
        self._every_line = every_line
        self._positions = [file.header.index(column.header) for column in contract.columns]
        self._missing = frozenset(contract.dialect.missing_values)
        self._offences: list[str] = []
        self._lines = self._malformed = 0

    def write(self, folder: Path) -> Iterator[pa.Table]:
        """Write the copy while giving the other lines, some at a time; columns as `fast_lines`.

        Raises RefusedDropError at the end if most lines are malformed.
        """
        data = read_lines(self._contract, self._file.path, self._file.file, self._file.member)
        rows: list[_Row] = []
        with copy_path(folder, self._file).open("wb") as copy:
            for block in data:
                self._lines += block.count
                if block.records is None and not self._every_line and self._has_width(block):
                    copy.write(self._numbered(block))
                    continue
                written, others = self._split(block)
                copy.write(written)
                rows += others
                if len(rows) >= BATCH_LINES:
                    yield self._table(rows)
                    rows = []
        self._refuse_malformed()
        if rows:
            yield self._table(rows)

    def _has_width(self, block: Block) -> bool:
        """Whether lines without quotes have as many delimiters as the header, taken together.

        Lines that are too long for DuckDB have none that it would find.
        """
        if len(block.text) > LONGEST_COPIED and any(
            len(line) > LONGEST_COPIED for line in block.text.split(b"\n")
        ):
            return False
        dialect = self._contract.dialect
        quote, delimiter = dialect.quote_char.encode(), dialect.delimiter.encode()
        if quote and quote in block.text:
            return True
        return block.text.count(delimiter) == block.count * (len(self._file.header) - 1)

    def _numbered(self, block: Block) -> bytes:
        delimiter = self._contract.dialect.delimiter.encode()
        lines = block.text.replace(b"\r\n", b"\n").removesuffix(b"\n").removesuffix(b"\r")
        return b"".join(
            [
                b"%d%b%b\n" % (number, delimiter, line)
                for number, line in enumerate(lines.split(b"\n"), start=block.first)
            ]
        )

    def _split(self, block: Block) -> tuple[bytes, list[_Row]]:
        """The lines that DuckDB takes for what they are, numbered, and the rows of the others."""
        records = block.records
        if records is None:
            lines = block.text.removesuffix(b"\n").split(b"\n")
            records = list(enumerate(lines, start=block.first))
        dialect = self._contract.dialect
        quote, delimiter = dialect.quote_char.encode(), dialect.delimiter.encode()
        copied: list[bytes] = []
        rows: list[_Row] = []
        for number, raw in records:
            fields, malformed = _split_record(dialect, raw, len(self._file.header), self._missing)
            line = raw.rstrip(b"\r")
            # An empty only field would be a blank line for DuckDB.
            if (
                malformed is None
                and len(line) <= LONGEST_COPIED
                and dialect.delimiter != WHITESPACE
                and not (quote and quote in line)
                and line.count(delimiter) == len(self._file.header) - 1
            ):
                copied.append(b"%d%b%b\n" % (number, delimiter, line))
            else:
                rows.append(self._row(number, raw, fields, malformed))
        return b"".join(copied), rows

    def _row(self, number: int, raw: bytes, fields: list[str], malformed: str | None) -> _Row:
        if malformed is None:
            values = (fields[position] for position in self._positions)
            texts = (None if value in self._missing else value for value in values)
            return (self._file.file_no, number, None, None, *texts)
        self._malformed += 1
        text = shown(raw.rstrip(b"\r"), self._contract.dialect.encoding)
        if len(self._offences) < _SHOWN:
            told = WITHHELD if self._contract.has_personal_columns else text[:120]
            self._offences.append(f"line {number}: {malformed}: {told}")
        return (self._file.file_no, number, malformed, text, *([None] * len(self._positions)))

    def _refuse_malformed(self) -> None:
        if self._malformed * 2 > self._lines:
            raise RefusedDropError(
                self._file.file,
                f"{self._malformed} of {self._lines} lines are malformed, so "
                f"the file is refused whole. Is the delimiter "
                f"{self._contract.dialect.delimiter!r}? First of them:\n  "
                + "\n  ".join(self._offences),
            )

    def _table(self, rows: list[_Row]) -> pa.Table:
        import pyarrow as pa

        schema = other_lines_schema(self._contract)
        columns = [list(column) for column in zip(*rows, strict=True)]
        return pa.table(dict(zip(schema.names, columns, strict=True)), schema=schema)


def other_lines_schema(contract: SourceContract) -> pa.Schema:
    """The columns of the lines that are not in a copy; as in `fast_lines`."""
    import pyarrow as pa

    names = [column.name + "__text" for column in contract.columns]
    return pa.schema(
        [
            ("file_no", pa.int32()),
            ("line", pa.int64()),
            ("malformed", pa.string()),
            ("malformed_text", pa.string()),
            *((name, pa.string()) for name in names),
        ]
    )


def _split_record(
    dialect: Dialect, raw: bytes, width: int, missing: frozenset[str]
) -> tuple[list[str], str | None]:
    """The fields of a record, or why it is malformed."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        at = f" at byte {error.start + 1}" if dialect.encoding == "utf-8" else ""
        return [], f"the line is not {dialect.encoding.upper()}{at}"
    if "\0" in text:
        return [], "the line holds a NUL byte"
    try:
        fields = split_line(dialect, text.rstrip("\r"))
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
