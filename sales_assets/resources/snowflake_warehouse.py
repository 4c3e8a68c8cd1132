"""The warehouse on Snowflake.

Belongs here: what of a warehouse is Snowflake's own. Does not: signing in (`snowflake_account`),
what a session can do (`snowflake_session`), or the SQL that all warehouses share
(`sql_warehouse`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import PrivateAttr

from sales_assets.contracts.days import AcrossDays
from sales_assets.errors import PermanentError, TransientError, UsageError, WarehouseBusyError
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.session import Row, Session, StagedFile, StageFile
from sales_assets.resources.snowflake_account import SCHEMAS, SnowflakeAccount
from sales_assets.resources.snowflake_commits import COMMITS, was_committed
from sales_assets.resources.snowflake_errors import errors_told
from sales_assets.resources.snowflake_lease import WRITERS, Lease
from sales_assets.resources.snowflake_session import LOADS, SnowflakeSession, described
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import DayLoad, LoadedDay, LoadedRates, RateLoad, Unload
from sales_assets.resources.warehouse_tables import TABLES

Result = TypeVar("Result")


class SnowflakeWarehouse(SnowflakeAccount, SqlWarehouse):
    """A database on Snowflake.

    A session is opened for each question or change, and closed on every path. What may pass is
    tried again `attempts` times, a change from its beginning: it is one transaction.
    """

    stage: str | None = None
    lock_timeout: float = 3600.0
    lease_seconds: float = 60.0
    attempts: int = 4
    _lease: Lease | None = PrivateAttr(default=None)
    _has_tables: bool = PrivateAttr(default=False)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other runs from writing; dbt connects by itself."""
        if self._lease is not None:
            yield
            return
        with self._session() as session, self._leased(session) as lease:
            yield
        if lease.lost:
            raise TransientError(
                "Another run has become the writer of the warehouse before this one had done its "
                "work; materialise the same days again"
            )

    def reach(
        self, store: ObjectStore, keys: Sequence[str]
    ) -> AbstractContextManager[Sequence[StagedFile]]:
        """The objects themselves if the warehouse has a stage on their bucket."""
        if self.stage is None:
            return store.local(keys)
        return nullcontext([StageFile(key) for key in keys])

    def replace(
        self,
        source: str,
        loads: Sequence[DayLoad],
        confirm: Callable[[], None] = lambda: None,
        across_days: AcrossDays | None = None,
    ) -> list[LoadedDay]:
        """Replace days of a source in one transaction; see `Warehouse.replace`."""
        change = super().replace
        return self._again(lambda: change(source, loads, confirm, across_days))

    def replace_rates(self, load: RateLoad) -> LoadedRates:
        """Write publications in one transaction; see `Warehouse.replace_rates`."""
        change = super().replace_rates
        return self._again(lambda: change(load))

    def begin_marts(self, days: Collection[date] | None) -> None:
        """Note that the models are being built for some days."""
        change = super().begin_marts
        self._again(lambda: change(days))

    def abandon_marts(self, days: Collection[date]) -> None:
        """Note that the build of some days has failed."""
        change = super().abandon_marts
        self._again(lambda: change(days))

    def end_marts(self, days: Collection[date] | None, rules: Mapping[str, str]) -> None:
        """Note that all models were built for some days."""
        change = super().end_marts
        self._again(lambda: change(days, rules))

    def unload(self, tables: Sequence[Unload], folder: Path, about: Mapping[str, str]) -> None:
        """Write tables as Parquet files, as all are at one moment; no run writes meanwhile."""
        write = super().unload
        self._again(lambda: write(tables, folder, about))

    def answers(self, queries: Sequence[str]) -> list[list[Row]]:
        """The rows of several queries in one session."""
        ask = super().answers
        return self._again(lambda: ask(queries))

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """The rows of a query."""
        ask = super().rows
        return self._again(lambda: ask(query, parameters))

    def select(self, query: str) -> tuple[list[str], list[Row]]:
        """Column names and rows of a person's query, which can read the warehouse only.

        Raises UsageError if the query is wrong, or not a query.
        """
        from sqlglot import exp, parse
        from sqlglot.errors import ParseError

        try:
            statements = [found for found in parse(query, dialect="snowflake") if found]
        except ParseError as error:
            raise UsageError(str(error)) from error
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            raise UsageError("Ask one SELECT, for example: SELECT * FROM ledger")
        with self._session() as session:
            try:
                return session.select(query)
            except PermanentError as error:
                raise UsageError(str(error)) from error

    def in_dialect(self, query: str) -> str:
        """A query written for DuckDB, as Snowflake understands it."""
        from sqlglot import transpile

        [told] = transpile(query, read="duckdb", write="snowflake")
        return told

    @contextmanager
    def _read(self) -> Iterator[Session]:
        with self._session() as session:
            yield session

    @contextmanager
    def _at_one_moment(self) -> Iterator[Session]:
        # Each statement sees what is committed when it begins, even within a transaction.
        with self.exclusive(), self._session() as session:
            yield session

    @contextmanager
    def _write(self) -> Iterator[Session]:
        with self._session() as session:
            if self._lease is not None:
                yield self._writing(session, self._lease)
                return
            with self._leased(session) as lease:
                yield self._writing(session, lease)

    def _writing(self, session: SnowflakeSession, lease: Lease) -> Session:
        return session.fenced(lease.fence, lease.beside, self._committed)

    def _committed(self, mark: str) -> bool:
        def look() -> bool:
            with self._session() as session:
                return was_committed(session, mark)

        return self._again(look)

    @contextmanager
    def _leased(self, session: SnowflakeSession) -> Iterator[Lease]:
        lease = Lease(self.lease_seconds, self._session)
        with lease.held(session, self.lock_timeout):
            self._lease = lease
            try:
                yield lease
            finally:
                self._lease = None

    @contextmanager
    def _session(self) -> Iterator[SnowflakeSession]:
        """A session in which all tables are there."""
        with errors_told(self.address):
            connection = self._again(self.connect)
        try:
            session = SnowflakeSession(
                connection, self.address, self.stage, self.statement_timeout + 60
            )
            self._create_tables(session)
            yield session
        finally:
            connection.close()

    def _create_tables(self, session: Session) -> None:
        """Make the tables that are missing, once for each process."""
        if self._has_tables:
            return
        names = "SELECT lower(table_name) FROM information_schema.tables WHERE table_schema = ?"
        wanted = {**TABLES, "writers": WRITERS, "commits": COMMITS}
        there = {name for (name,) in session.query(names, [SCHEMAS[0].upper()])}
        if wanted.keys() - there:  # the stage first: it is there if all tables are
            session.query(f"CREATE STAGE IF NOT EXISTS {LOADS}")
        for name in wanted.keys() - there:
            session.query(f"CREATE TABLE IF NOT EXISTS main.{name} ({described(wanted[name])})")
        self._has_tables = True

    def _again(self, do: Callable[[], Result]) -> Result:
        """Do it, and again after a failure that may pass; a busy warehouse was waited for."""
        from tenacity import (
            Retrying,
            retry_if_exception,
            stop_after_attempt,
            wait_random_exponential,
        )

        passing = retry_if_exception(
            lambda error: (
                isinstance(error, TransientError) and not isinstance(error, WarehouseBusyError)
            )
        )
        retrying = Retrying(
            retry=passing,
            stop=stop_after_attempt(self.attempts),
            wait=wait_random_exponential(max=30),
            reraise=True,
        )
        return retrying(do)
