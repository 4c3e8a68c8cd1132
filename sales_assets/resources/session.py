"""A session in a warehouse: the little that its products do in different ways.

Belongs here: what `sql_warehouse` and the modules beside it ask of an open connection. Does not:
their SQL, which is the same everywhere, or one product's connection (`duckdb_session`,
`snowflake_session`).

Snowflake commits an open transaction when a table is created, temporary ones too. So scratch
tables are made before a transaction begins, and only filled inside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Columns = tuple[tuple[str, str], ...]
"""Columns of a table: name, and type in ANSI terms."""
Row = tuple[Any, ...]


@dataclass(frozen=True)
class StageFile:
    """An object that the warehouse reads by itself, by its key."""

    key: str


StagedFile = Path | StageFile
"""Where a staged file lies: in a local folder, or where the warehouse reads it by itself."""


class Session(ABC):
    """An open connection. Parameters are bound to `?`; times are UTC, without a zone."""

    @abstractmethod
    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query."""

    @abstractmethod
    def change(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Insert, delete or update; gives the number of rows that it was about."""

    @abstractmethod
    def scratch(self, name: str, columns: Columns, rows: Iterable[Sequence[Any]] = ()) -> None:
        """Make a temporary table with some rows, in the place of one of before."""

    @abstractmethod
    def staged(self, name: str, columns: Columns, files: Sequence[StagedFile]) -> str:
        """Make the rows of staged Parquet files readable; gives what stands for them after FROM.

        Columns that a file lacks are empty or cannot be asked for. `name` may become that of a
        temporary table.
        """

    def load(self, table: str, columns: Sequence[str], rows: str, *, small: bool) -> int:
        """Add rows, given by `staged`, to a table; gives their number.

        `small` tells that they come from many files of few rows each.
        """
        del small  # only some products have another way for them
        names = ", ".join(columns)
        return self.change(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM {rows}")

    @abstractmethod
    def unload(self, query: str, columns: Columns, file: Path, about: Mapping[str, str]) -> None:
        """Write the rows of a query, which has these columns, as a Parquet file.

        `about` goes into the file's own metadata.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[None]:
        """All that is changed in the block, or nothing of it.

        Raises TransientError if somebody else has become the writer since the session began.
        """

    @abstractmethod
    def list_of(self, expression: str) -> str:
        """SQL of a list with one element."""
