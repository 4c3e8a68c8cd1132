"""The warehouse on Snowflake, by dagster-snowflake's resource.

Belongs here: connecting, and what of a warehouse is Snowflake's own. Does not: what a session can
do (`snowflake_session`), or the SQL that all warehouses share (`sql_warehouse`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from pydantic import PrivateAttr

from sales_assets.contracts.days import AcrossDays
from sales_assets.errors import PermanentError, TransientError, UsageError, WarehouseBusyError
from sales_assets.resources.object_store import ObjectStore
from sales_assets.resources.query_tag import query_tag
from sales_assets.resources.session import Row, Session, StagedFile, StageFile
from sales_assets.resources.snowflake_commits import COMMITS, was_committed
from sales_assets.resources.snowflake_errors import errors_told
from sales_assets.resources.snowflake_lease import WRITERS, Lease
from sales_assets.resources.snowflake_session import LOADS, SnowflakeSession, described
from sales_assets.resources.sql_warehouse import SqlWarehouse
from sales_assets.resources.warehouse import DayLoad, LoadedDay, LoadedRates, RateLoad
from sales_assets.resources.warehouse_tables import TABLES
from sales_assets.settings import read_secret

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

Result = TypeVar("Result")
# The connector has a copy of requests that knows no urllib3 of today and says so on each start.
warnings.filterwarnings("ignore", message="urllib3 .* doesn't match a supported version")
PASSPHRASE = "snowflake_private_key_passphrase"  # noqa: S105  # the setting's name
SCHEMAS = ("main", "staging", "core", "marts")
"""Where a bare table name is looked up: the pipeline's own tables, then dbt's layers."""


class SnowflakeWarehouse(SqlWarehouse):
    """A database on Snowflake; sign-in is by key pair alone.

    A session is opened for each question or change, and closed on every path. What may pass is
    tried again `attempts` times, a change from its beginning: it is one transaction.
    """

    account: str
    user: str
    private_key_path: str
    role: str
    warehouse: str
    database: str
    stage: str | None = None
    endpoint_url: str | None = None
    statement_timeout: int = 3600
    lock_timeout: float = 3600.0
    network_timeout: int = 120
    lease_seconds: float = 60.0
    attempts: int = 4
    _lease: Lease | None = PrivateAttr(default=None)
    _has_tables: bool = PrivateAttr(default=False)

    @property
    def address(self) -> str:
        """What errors call this warehouse."""
        return f"snowflake://{self.account}/{self.database}"

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
                "Another run has become the writer of the warehouse while dbt was building; "
                "materialise the same days again"
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

    def connect(self) -> SnowflakeConnection:
        """A connection, which the caller has to close; tables may not be there yet."""
        from dagster_snowflake import SnowflakeResource

        parameters = {
            "QUERY_TAG": query_tag(),
            "STATEMENT_TIMEOUT_IN_SECONDS": self.statement_timeout,
            "TIMEZONE": "UTC",
            "SEARCH_PATH": ", ".join(SCHEMAS),
        }
        more: dict[str, Any] = {
            "session_parameters": parameters,
            "login_timeout": self.network_timeout,
            "network_timeout": self.network_timeout,
        }
        if self.endpoint_url:
            url = urlsplit(self.endpoint_url)
            more |= {"host": url.hostname, "protocol": url.scheme}
            more |= {"port": url.port or (443 if url.scheme == "https" else 80)}
        resource = SnowflakeResource(
            account=self.account,
            user=self.user,
            private_key_path=self.private_key_path,
            private_key_password=read_secret(PASSPHRASE),
            role=self.role,
            warehouse=self.warehouse,
            database=self.database,
            schema=SCHEMAS[0],
            paramstyle="qmark",
            autocommit=True,
            additional_snowflake_connection_args=more,
        )
        with errors_told(self.address):
            try:
                # Its context manager closes nothing when the block raises; the session does.
                connection: SnowflakeConnection = resource.get_connection().__enter__()
            except OSError as error:
                raise PermanentError(
                    f"{self.private_key_path}: the private key cannot be read "
                    f"({error.strerror}); correct SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH"
                ) from error
            except (ValueError, TypeError) as error:  # TypeError: sealed, without a passphrase
                raise PermanentError(
                    f"{self.private_key_path}: is no private key that the passphrase opens; "
                    "correct SALES_ASSETS_SNOWFLAKE_PRIVATE_KEY_PATH or _PASSPHRASE"
                ) from error
        return connection

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
