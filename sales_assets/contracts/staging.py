"""Drops to typed Parquet: read, judge and write the lines of some days at a time.

Belongs here: the order of the steps and the proof that no line was lost. Does not: the SQL of
each step (`sql`, `reader`), which files make up a day (`resources.catalogue`), or where the
Parquet goes (`resources.object_store`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from sales_assets.contracts.canonical import (
    REJECTED_COLUMNS,
    REVENUE_COLUMNS,
    CanonicalColumn,
)
from sales_assets.contracts.inspection import Inspection
from sales_assets.contracts.judging import day_index_query, judged_query
from sales_assets.contracts.model import Column, DayFromColumn, SourceContract
from sales_assets.contracts.reader import DropFile, careful_lines, fast_lines, files_table
from sales_assets.contracts.sql import literal, quoted
from sales_assets.errors import DropError

if TYPE_CHECKING:
    import duckdb

_T = TypeVar("_T")

LARGE_DAY = 5_000
"""Lines a day from which on each day is written by a statement of its own."""


@dataclass(frozen=True)
class StagedDay:
    """What one day's lines became: counts, sums and the two Parquet files (None if no rows).

    `amount` and `net_amount` are exact sums over the accepted lines, in the lines' currencies.
    """

    day: date
    accepted: int
    rejected: int
    amount: Decimal
    net_amount: Decimal
    accepted_file: Path | None
    rejected_file: Path | None


class Stager:
    """An in-memory DuckDB that turns drops into Parquet; larger work spills to a folder.

    Two of DuckDB 2.0.0's optimizers would let one bad value abort a whole scan and are off.
    `type_pushdown` moves TRY_CAST into the CSV reader, as a plain cast. `common_subexpressions`
    computes what two TRY(...) share before both, where nothing catches its errors.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con = connection
        self._folder = folder
        connection.execute("SET disabled_optimizers = 'type_pushdown,common_subexpressions'")
        connection.execute("SET TimeZone = 'UTC'")

    def count_days(
        self, contract: SourceContract, path: Path, file: str, found: Inspection
    ) -> dict[date, int]:
        """The lines of each day in a drop whose day column says the day.

        Undated lines count for the file's first day. Raises DropError if no line has a day.
        """
        assert isinstance(contract.day, DayFromColumn)
        drop = DropFile(0, path, file, found.sha256, found.header, found.lines, found.plain)

        def count(lines: str) -> list[tuple[date | None, int]]:
            return self._con.execute(day_index_query(contract, lines)).fetchall()

        rows = self._read(
            contract, [drop], count, lambda rows: sum(n for _, n in rows) == found.lines
        )
        days = {day: count for day, count in rows if day is not None}
        undated = sum(count for day, count in rows if day is None)
        if not days:
            if undated:
                column = contract.column(contract.day.column)
                raise DropError(
                    f"{file}: none of its {undated} lines has a {column.type} of the form "
                    f"{column.format} in column '{column.header}', so their days are unknown"
                )
            return {}
        days[min(days)] += undated
        return days

    def stage(
        self,
        contract: SourceContract,
        files: Sequence[DropFile],
        expected: Mapping[tuple[int, date], int],
    ) -> None:
        """Judge the lines of some days; afterwards `write` gives their Parquet.

        `expected` holds the lines of each (file_no, day) as they were counted in the raw file;
        lines of other days are left out. Raises DropError if a count differs.
        """
        wanted = ", ".join(f"({no}, DATE {literal(day.isoformat())})" for no, day in expected)
        self._con.execute(files_table("files", files))

        def judge(lines: str) -> dict[tuple[int, date], int]:
            self._con.execute(
                "CREATE OR REPLACE TEMP TABLE judged AS "
                f"SELECT * FROM ({judged_query(contract, lines, 'files')}) "
                f"WHERE (file_no, partition_date) IN ({wanted})"
            )
            counts = self._con.execute(
                "SELECT file_no, partition_date, count(*) FROM judged GROUP BY ALL"
            ).fetchall()
            return {(no, day): count for no, day, count in counts}

        due = {key: lines_in for key, lines_in in expected.items() if lines_in}
        seen: Counter[int] = Counter()
        for (no, _), lines_in in due.items():
            seen[no] += lines_in
        partly = [file for file in files if seen[file.file_no] < file.lines]
        counted = self._read(contract, files, judge, lambda counts: counts == due, partly)
        names = {file.file_no: file.file for file in files}
        for (no, day), lines_in in expected.items():
            if counted.get((no, day), 0) != lines_in:
                raise DropError(
                    f"{names[no]}: {lines_in} lines of {day} were counted in the file, but "
                    f"{counted.get((no, day), 0)} read; materialise its raw asset again"
                )

    def write(self, contract: SourceContract, days: Sequence[date]) -> list[StagedDay]:
        """Write the judged lines of some days as Parquet, at most two files for each day."""
        first, last = literal(min(days).isoformat()), literal(max(days).isoformat())
        within = f"partition_date BETWEEN DATE {first} AND DATE {last}"
        rows: list[tuple[date, int, int, Decimal, Decimal]] = self._con.execute(
            "SELECT partition_date, count(*) FILTER (reasons IS NULL), "
            "count(*) FILTER (reasons IS NOT NULL), "
            "coalesce(sum(amount) FILTER (reasons IS NULL), 0), "
            "coalesce(sum(net_amount) FILTER (reasons IS NULL), 0) "
            f"FROM judged WHERE {within} GROUP BY partition_date"
        ).fetchall()
        accepted = self._copy(
            (*REVENUE_COLUMNS, *contract.extra_columns),
            f"{within} AND reasons IS NULL",
            {day: good for day, good, _, _, _ in rows if good},
        )
        rejected = self._copy(
            REJECTED_COLUMNS,
            f"{within} AND reasons IS NOT NULL",
            {day: bad for day, _, bad, _, _ in rows if bad},
        )
        found = {
            day: StagedDay(day, good, bad, amount, net, accepted.get(day), rejected.get(day))
            for day, good, bad, amount, net in rows
        }
        nothing = Decimal(0)
        return [
            found.get(day) or StagedDay(day, 0, 0, nothing, nothing, None, None) for day in days
        ]

    def _copy(
        self,
        columns: Sequence[Column | CanonicalColumn],
        condition: str,
        rows: Mapping[date, int],
    ) -> dict[date, Path]:
        """Write those of the judged lines as one Parquet file for each day that has any.

        One COPY for all days costs less for small days, one COPY for each day for large ones.
        """
        folder = self._folder / uuid4().hex
        folder.mkdir(parents=True)
        names = ", ".join(quoted(column.name) for column in columns)
        if sum(rows.values()) < LARGE_DAY * len(rows):
            self._con.execute(
                f"COPY (SELECT {names}, partition_date AS __day FROM judged WHERE {condition}) "
                f"TO {literal(str(folder))} (FORMAT parquet, COMPRESSION zstd, "
                "PARTITION_BY (__day), FILENAME_PATTERN 'part_{i}', OVERWRITE_OR_IGNORE)"
            )
            # Exactly one file for each day: unpacking fails otherwise.
            return {day: _only(folder / f"__day={day.isoformat()}") for day in rows}
        files = {day: folder / f"{day.isoformat()}.parquet" for day in rows}
        for day, file in files.items():
            self._con.execute(
                f"COPY (SELECT {names} FROM judged WHERE {condition} AND partition_date = DATE "
                f"{literal(day.isoformat())}) TO {literal(str(file))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
        return files

    def _read(
        self,
        contract: SourceContract,
        files: Sequence[DropFile],
        use: Callable[[str], _T],
        complete: Callable[[_T], bool],
        partly: Sequence[DropFile] = (),
    ) -> _T:
        """Use the lines of the files: read fast, and again with care if that was not complete.

        Of the files in `partly`, `complete` sees only some lines: their records are counted
        first, since a line joined to another would shift the numbers of those after it.
        """
        import duckdb

        if all(file.plain for file in files) and all(
            self._is_well_formed(contract, file) for file in partly
        ):
            try:
                result = use(f"({fast_lines(contract, files)})")
            except duckdb.Error:
                pass  # DuckDB refuses what is not well formed; the careful reader says why
            else:
                if complete(result):
                    return result
        fast = [file for file in files if self._is_well_formed(contract, file)]
        careful = [file for file in files if file not in fast]
        parts = [fast_lines(contract, fast)] if fast else []
        if careful:
            self._load_carefully(contract, careful)
            parts.append("SELECT * FROM careful")
        try:
            return use(f"({' UNION ALL BY NAME '.join(parts)})")
        finally:
            self._con.execute("DROP TABLE IF EXISTS careful")

    def _load_carefully(self, contract: SourceContract, files: Sequence[DropFile]) -> None:
        # Table by table, not as one stream: DuckDB would wrap the reader's DropError.
        statement = "CREATE OR REPLACE TEMP TABLE careful AS SELECT * FROM careful_lines"
        for lines in careful_lines(contract, files):
            self._con.register("careful_lines", lines)
            self._con.execute(statement)
            self._con.unregister("careful_lines")
            statement = "INSERT INTO careful SELECT * FROM careful_lines"

    def _is_well_formed(self, contract: SourceContract, file: DropFile) -> bool:
        import duckdb

        if not file.plain:
            return False
        try:
            counted = self._con.execute(
                f"SELECT count(*) FROM ({fast_lines(contract, [file])})"
            ).fetchall()
        except duckdb.Error:
            return False
        return bool(counted[0][0] == file.lines)


def _only(folder: Path) -> Path:
    (file,) = folder.iterdir()
    return file
