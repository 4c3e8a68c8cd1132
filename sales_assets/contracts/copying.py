"""A text that DuckDB cannot read where it lies, as a copy that it can.

Belongs here: which lines go into the copy, well-formed and with their numbers before them, and
the fields of those that DuckDB would take otherwise, or that have none. Does not: reading a copy
(`reader`), which lines are data (`lines`), or splitting one (`text`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.contracts.lines import Block, read_lines
from sales_assets.contracts.model import WHITESPACE, Dialect, SourceContract
from sales_assets.contracts.pseudonyms import WITHHELD
from sales_assets.contracts.reader import DropFile, copy_path
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
