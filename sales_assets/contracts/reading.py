"""The lines of some drops as one relation: read fast, and again with care where that fails.

Belongs here: which way a file is read, and lending its lines to a query. Does not: the queries of
each way (`reader`), making a copy (`copying`), or what is asked of the lines (`staging`).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from sales_assets.contracts.copying import Copy, other_lines_schema
from sales_assets.contracts.model import SourceContract
from sales_assets.contracts.reader import DropFile, copied_lines, fast_lines
from sales_assets.errors import DropError

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

_T = TypeVar("_T")


class LineReader:
    """Reads drops into a DuckDB; copies of those that it cannot read lie in a scratch folder."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
        self._con = connection
        self._folder = folder

    def read(
        self,
        contract: SourceContract,
        files: Sequence[DropFile],
        use: Callable[[str], _T],
        complete: Callable[[_T], bool],
        partly: Sequence[DropFile] = (),
    ) -> _T:
        """Use the lines of the files: read fast, and again with care if that was not complete.

        Of the files in `partly`, `complete` sees only some lines: the records of those that are
        read where they lie are counted first, since a line joined to another would shift the
        numbers of those after it.
        """
        import duckdb

        plain = [file for file in files if file.plain]
        if all(self._is_well_formed(contract, file) for file in partly if file.plain):
            others = [file for file in files if not file.plain]
            with self.lines(contract, plain, others, every_line=False) as lines:
                try:
                    result = use(lines)
                except duckdb.Error:
                    pass  # DuckDB refuses what is not well formed; line by line it is seen why
                else:
                    if complete(result):
                        return result
        plain = [file for file in plain if self._is_well_formed(contract, file)]
        others = [file for file in files if file not in plain]
        with self.lines(contract, plain, others, every_line=True) as lines:
            try:
                return use(lines)
            except duckdb.InvalidInputException as error:
                names = ", ".join(file.file for file in files)
                told = str(error).splitlines()[0]
                raise DropError(f"{names}: cannot be read ({told})") from error

    @contextmanager
    def lines(
        self,
        contract: SourceContract,
        plain: Sequence[DropFile],
        others: Sequence[DropFile],
        *,
        every_line: bool,
    ) -> Iterator[str]:
        """A query for the lines of some files, valid inside the block."""
        parts = [fast_lines(contract, plain)] if plain else []
        folder = self._folder / uuid4().hex
        try:
            if others:
                folder.mkdir(parents=True)
                self._copy_lines(contract, others, folder, every_line=every_line)
                parts += [copied_lines(contract, others, folder), "SELECT * FROM other_lines"]
            yield f"({' UNION ALL BY NAME '.join(filter(None, parts))})"
        finally:
            self._con.execute("DROP TABLE IF EXISTS other_lines")
            shutil.rmtree(folder, ignore_errors=True)

    def _copy_lines(
        self, contract: SourceContract, files: Sequence[DropFile], folder: Path, *, every_line: bool
    ) -> None:
        # Table by table, not as one stream: DuckDB would wrap the copy's DropError.
        self._add_lines("CREATE OR REPLACE TEMP TABLE", other_lines_schema(contract).empty_table())
        for file in files:
            for lines in Copy(contract, file, every_line=every_line).write(folder):
                self._add_lines("INSERT INTO", lines)

    def _add_lines(self, statement: str, lines: pa.Table) -> None:
        self._con.register("lines_now", lines)
        into = f"{statement} other_lines"
        self._con.execute(
            f"{into} AS SELECT * FROM lines_now"
            if statement.startswith("CREATE")
            else f"{into} SELECT * FROM lines_now"
        )
        self._con.unregister("lines_now")

    def _is_well_formed(self, contract: SourceContract, file: DropFile) -> bool:
        import duckdb

        try:
            counted = self._con.execute(
                f"SELECT count(*) FROM ({fast_lines(contract, [file])})"
            ).fetchall()
        except duckdb.Error:
            return False
        return bool(counted[0][0] == file.lines)
