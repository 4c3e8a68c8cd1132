"""The embedded warehouse's file: one writer or many readers, across processes.

Belongs here: making the file, opening it, its lock. Does not: any question or change
(`sql_warehouse`), or what the tables mean (`warehouse_tables`).

DuckDB lets one process write and then refuses everyone else at once, readers too. A lock file
beside the database makes them queue instead: any number of readers or one writer. The lock is
the operating system's, so a killed process leaves none behind.

A reader waits for a transaction, but not for dbt, whose models take as long as they take: how the
file stood before them is kept beside it (docs/decisions/0015).
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from filelock import ReadWriteLock, Timeout
from pydantic import PrivateAttr

from sales_assets.contracts.quoting import literal
from sales_assets.errors import WarehouseBusyError
from sales_assets.resources.duckdb_engine import opened
from sales_assets.resources.files import whole
from sales_assets.resources.warehouse_tables import TABLES

if TYPE_CHECKING:
    import duckdb

_log = logging.getLogger("sales_assets.warehouse")
SCHEMAS = ("main", "marts", "core", "staging")
"""Where a bare table name is looked up: the pipeline's own tables, then dbt's layers."""


class DuckDBFile(dg.ConfigurableResource[Any]):
    """A DuckDB file at `path`; waits up to `lock_timeout` seconds for other processes.

    With `snapshot` the file is copied before dbt works on it. A reader with a `patience` reads that
    copy if the file is busy for longer than so many seconds; others want the last word, and wait.
    """

    path: str
    memory_limit: str = "2GB"
    lock_timeout: float = 3600.0
    snapshot: bool = True
    patience: float | None = None
    _holds_lock: bool = PrivateAttr(default=False)
    _has_tables: bool = PrivateAttr(default=False)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the writers' lock without a connection, for dbt's own."""
        self._create()
        nested = self._holds_lock
        with self._locked(write=True):
            self._holds_lock = True
            try:
                if self.snapshot and not nested:
                    self._keep_snapshot()
                yield
            finally:
                self._holds_lock = nested

    @contextmanager
    def standing_still(self) -> Iterator[Path]:
        """The file with all that was committed in it, to copy; nobody writes to it meanwhile.

        Readers go on.
        """
        journal = Path(f"{self.path}.wal")
        while True:
            with self._locked(write=False):
                if not journal.exists():
                    yield Path(self.path)
                    return
            self._write_journal()

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        self._create()
        with self._locked(write=True), self._connected(False, Path(self.path)) as connection:
            if not self._is_complete(connection):
                _create_tables(connection)
            yield connection

    @contextmanager
    def _reading(self, *, alone: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to read by; `alone`, in an engine that ends with it."""
        self._create()
        with self._readable() as path, self._connected(True, path, alone=alone) as connection:
            if path == self._snapshot or self._is_complete(connection):
                yield connection
                return
        with self._writing():
            pass
        path = Path(self.path)
        with self._locked(write=False), self._connected(True, path, alone=alone) as connection:
            yield connection

    @contextmanager
    def _readable(self) -> Iterator[Path]:
        """The file, locked for reading, or the snapshot of a file that is busy for too long."""
        with ExitStack() as stack:
            patience = self.patience if self._snapshot.exists() else None
            path = Path(self.path)
            try:
                stack.enter_context(self._locked(write=False, patience=patience))
            except WarehouseBusyError:
                if patience is None:
                    raise
                path = self._snapshot
                _log.warning(
                    "It is still in use: this is how the warehouse stood at %s UTC.",
                    f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d %H:%M:%S}",
                )
            yield path

    @property
    def _snapshot(self) -> Path:
        return Path(f"{self.path}.snapshot")

    def _keep_snapshot(self) -> None:
        """Copy the file, which nobody may write meanwhile; the copy appears complete or not at all.

        Who reads an earlier copy keeps it until it is closed.
        """
        self._write_journal()
        with whole(self._snapshot) as unfinished:
            shutil.copyfile(self.path, unfinished)

    def _write_journal(self) -> None:
        """Write what a killed process has committed into the file."""
        with self._locked(write=True):
            if Path(f"{self.path}.wal").exists():
                with self._connected(False, Path(self.path)):
                    pass

    def _is_complete(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether all tables are there; a warehouse of an earlier version lacks some."""
        if not self._has_tables:
            names = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
            there = {name for (name,) in connection.execute(names).fetchall()}
            self._has_tables = there >= TABLES.keys()
        return self._has_tables

    def _create(self) -> None:
        """Make the file with its tables; it appears complete or not at all."""
        import duckdb

        if Path(self.path).exists():
            return
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        with self._locked(write=True):
            if Path(self.path).exists():
                return
            unfinished = Path(f"{self.path}.new")
            unfinished.unlink(missing_ok=True)
            with duckdb.connect(str(unfinished)) as connection:
                _create_tables(connection)
                for schema in SCHEMAS[1:]:
                    connection.execute(f"CREATE SCHEMA {schema}")
            os.replace(unfinished, self.path)

    @contextmanager
    def _locked(self, write: bool, patience: float | None = None) -> Iterator[None]:
        if self._holds_lock:
            yield
            return
        lock = ReadWriteLock(f"{self.path}.lock")
        acquire = lock.acquire_write if write else lock.acquire_read
        wait = self.lock_timeout if patience is None else patience
        try:
            acquired = acquire(timeout=min(0.2, wait))
        except Timeout:
            _log.warning("Another run is using the warehouse; waiting up to %g s for it.", wait)
            try:
                acquired = acquire(timeout=wait)
            except Timeout as error:
                raise WarehouseBusyError(
                    f"{self.path}: another run kept the warehouse for {wait:g} s; "
                    "try again when it has ended"
                ) from error
        with acquired:
            yield

    @contextmanager
    def _connected(
        self, read_only: bool, path: Path, *, alone: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        import duckdb

        with ExitStack() as stack:
            try:
                connection = stack.enter_context(
                    duckdb.connect(path, read_only=read_only)
                    if alone
                    else opened(path, read_only=read_only)
                )
            except duckdb.IOException as error:
                if "lock" not in str(error).lower():
                    raise
                raise WarehouseBusyError(
                    f"{self.path}: a program outside of sales-assets has the warehouse open; close "
                    "it and try again"
                ) from error
            connection.execute(f"SET memory_limit = {literal(self.memory_limit)}")
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(f"SET search_path = {literal(','.join(SCHEMAS))}")
            yield connection


def _create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for name, columns in TABLES.items():
        described = ", ".join(f"{column} {sql_type}" for column, sql_type in columns)
        connection.execute(f"CREATE TABLE IF NOT EXISTS main.{name} ({described})")
