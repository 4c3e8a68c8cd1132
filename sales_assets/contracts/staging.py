"""Drops to typed Parquet: read, judge and write the lines of some days at a time.

Belongs here: the order of the steps and the proof that no line was lost. Does not: the SQL of
each step (`sql`, `reader`), writing the files (`parquet`), which files make up a day
(`resources.manifests`), or where the Parquet goes (`resources.object_store`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sales_assets.contracts.day_index import day_index_query
from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.drop_files import drop_files
from sales_assets.contracts.inspection import Inspection
from sales_assets.contracts.judging import judged_query, reference_table
from sales_assets.contracts.keys import doubles_query
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.parquet import StagedDay, write_days
from sales_assets.contracts.pseudonyms import MASK
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.reader import (
    DropFile,
    files_table,
)
from sales_assets.contracts.reading import LineReader
from sales_assets.contracts.reference_files import reference_query, refused, wrong_query
from sales_assets.errors import DropError, RefusedDropError

if TYPE_CHECKING:
    import duckdb

_T = TypeVar("_T")

SHOWN = 3
"""Lines that the refusal of a file shows."""


class Stager:
    """An in-memory DuckDB that turns drops into Parquet; larger work spills to a folder.

    Two of DuckDB 2.0.0's optimizers would let one bad value abort a whole scan and are off.
    `type_pushdown` moves TRY_CAST into the CSV reader, as a plain cast. `common_subexpressions`
    computes what two TRY(...) share before both, where nothing catches its errors.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con = connection
        self._folder = folder
        self._reader = LineReader(connection, folder)
        connection.execute("SET disabled_optimizers = 'type_pushdown,common_subexpressions'")
        connection.execute("SET TimeZone = 'UTC'")

    def count_days(
        self, contract: SourceContract, path: Path, file: str, found: Inspection
    ) -> Inspection:
        """The inspection of a drop whose day column says the day, with the lines of each day.

        Raises DropError if no line of a text has a day, or if one proves that the contract has day
        and month in the wrong order.
        """
        parts = []
        for drop, part in zip(drop_files(contract, path, file, found), found.parts, strict=True):
            days, undated = self._days(contract, drop)
            parts.append(replace(part, days=days, undated=undated))
        return replace(found, parts=tuple(parts))

    def _days(self, contract: SourceContract, drop: DropFile) -> tuple[dict[date, int], int]:
        """The dated lines of each day, and how many lines are undated."""
        assert isinstance(contract.day, DayFromColumn)

        def count(lines: str) -> list[tuple[date | None, int, Mapping[str, Any] | None]]:
            return self._con.execute(day_index_query(contract, lines)).fetchall()

        rows = self._reader.read(
            contract, [drop], count, lambda rows: sum(n for _, n, _ in rows) == drop.lines
        )
        column = contract.column(contract.day.column)
        for _, _, wrong in rows:
            if wrong is not None:
                text = MASK if column.is_personal else wrong["text"]
                raise exchanged_days(contract, drop.file, [(wrong["line"], text)])
        days = {day: lines for day, lines, _ in rows if day is not None}
        undated = sum(lines for day, lines, _ in rows if day is None)
        if undated and not days:
            raise DropError(
                f"{drop.file}: none of its {undated} lines has a {column.type} of the form "
                f"{' or '.join(column.formats)} in column '{column.header}', so their days are "
                "unknown"
            )
        return days, undated

    def load_reference(self, read: SourceContract, files: Sequence[DropFile]) -> None:
        """Judge a reference's file and hold its lines for `stage`; `read` is from `reading`.

        Raises RefusedDropError if anything is wrong with one of its lines.
        """
        assert read.reference is not None
        self._con.execute(files_table("reference_files", files))

        def judge(lines: str) -> int:
            query = reference_query(read, lines, "reference_files")
            self._con.execute(f"CREATE OR REPLACE TEMP TABLE reference_lines AS {query}")
            [(count,)] = self._con.execute("SELECT count(*) FROM reference_lines").fetchall()
            return int(count)

        expected = sum(file.lines for file in files)
        count = self._reader.read(read, files, judge, lambda count: count == expected)
        if count != expected:
            raise DropError(f"{files[0].file}: {expected} lines were counted, but {count} read")
        wrong = self._con.execute(wrong_query(read, "reference_lines")).fetchall()
        if wrong:
            raise refused(read, wrong)
        named = zip(read.columns, read.reference.qualified, strict=True)
        items = ", ".join(f"{quoted(column.name)} AS {quoted(name)}" for column, name in named)
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE {reference_table(read.reference.name)} AS "
            f"SELECT {items} FROM reference_lines"
        )

    def stage(
        self,
        contract: SourceContract,
        files: Sequence[DropFile],
        expected: Mapping[tuple[int, date], int],
    ) -> None:
        """Judge the lines of some days; afterwards `write` gives their Parquet.

        `expected` holds the lines of each (file_no, day) as they were counted in the raw file;
        lines of other days are left out. Raises DropError if a count differs, and RefusedDropError
        for a file that is refused whole.
        """
        wanted = ", ".join(f"({no}, DATE {literal(day.isoformat())})" for no, day in expected)
        self._con.execute(files_table("files", files))

        def judge(lines: str) -> list[tuple[int, date, int, int]]:
            # What is the same in all lines of a file would be spilled ten million times.
            self._con.execute(
                "CREATE OR REPLACE TEMP TABLE judged_lines AS "
                "SELECT * EXCLUDE (source, file, file_sha256) "
                f"FROM ({judged_query(contract, lines, 'files')}) "
                f"WHERE (file_no, partition_date) IN ({wanted})"
            )
            self._con.execute(
                "CREATE OR REPLACE TEMP VIEW judged AS "
                f"SELECT {literal(contract.name)} AS source, *, "
                f"{_by_number({file.file_no: file.file for file in files})} AS file, "
                f"{_by_number({file.file_no: file.sha256 for file in files})} AS file_sha256 "
                "FROM judged_lines"
            )
            return self._con.execute(
                "SELECT file_no, partition_date, count(*), count(exchanged) FROM judged_lines "
                "GROUP BY ALL"
            ).fetchall()

        def counts(judged: list[tuple[int, date, int, int]]) -> dict[tuple[int, date], int]:
            return {(no, day): count for no, day, count, _ in judged}

        due = {key: lines_in for key, lines_in in expected.items() if lines_in}
        seen: Counter[int] = Counter()
        for (no, _), lines_in in due.items():
            seen[no] += lines_in
        partly = [file for file in files if seen[file.file_no] < file.lines]
        judged = self._reader.read(contract, files, judge, lambda rows: counts(rows) == due, partly)
        counted = counts(judged)
        names = {file.file_no: file.file for file in files}
        if any(exchanged for *_, exchanged in judged):
            raise self._exchanged_days(contract, names)
        for (no, day), lines_in in expected.items():
            if counted.get((no, day), 0) != lines_in:
                raise DropError(
                    f"{names[no]}: {lines_in} lines of {day} were counted in the file, but "
                    f"{counted.get((no, day), 0)} read; materialise its raw asset again"
                )
        if contract.keys:
            self._con.execute(
                f"UPDATE judged_lines SET reasons = doubles.reasons FROM "
                f"({doubles_query(contract, 'judged')}) AS doubles "
                "WHERE judged_lines.file_no = doubles.file_no AND judged_lines.line = doubles.line"
            )

    def _exchanged_days(
        self, contract: SourceContract, names: Mapping[int, str]
    ) -> RefusedDropError:
        wrong: list[tuple[int, int, str]] = self._con.execute(
            "SELECT file_no, line, exchanged FROM judged WHERE exchanged IS NOT NULL "
            f"ORDER BY file_no, line LIMIT {SHOWN}"
        ).fetchall()
        file_no = wrong[0][0]
        lines = [(line, text) for no, line, text in wrong if no == file_no]
        return exchanged_days(contract, names[file_no], lines)

    def write(
        self, contract: SourceContract, days: Sequence[date], previewed: Collection[date] = ()
    ) -> list[StagedDay]:
        """Write the judged lines of some days as Parquet, at most two files for each day."""
        return write_days(self._con, self._folder, contract, days, previewed)

    def judged(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query over the lines that `stage` judged, as the table `judged`."""
        return self._con.execute(query).fetchall()


def _by_number(texts: Mapping[int, str]) -> str:
    """The SQL of a file's text by its number; unlike a join it leaves the lines in their order."""
    listed = (literal(texts.get(number, "")) for number in range(max(texts, default=0) + 1))
    return f"[{', '.join(listed)}][file_no + 1]"


def exchanged_days(
    contract: SourceContract, file: str, lines: Sequence[tuple[int, str]]
) -> RefusedDropError:
    """The refusal of a file whose dates have day and month in another order than the contract."""
    told = "".join(f"\n  line {line}: {text}" for line, text in lines)
    return RefusedDropError(
        file,
        f"has dates that fit only with day and month exchanged, so the file is refused "
        f"whole: its other dates may be meant so too. Correct the file, or the format in "
        f"{contract.file.name}. First of them:{told}",
    )
