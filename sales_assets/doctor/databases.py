"""The databases beside the warehouse: the drop catalogue and Dagster's PostgreSQL.

Belongs here: whether they answer, are whole and may be written to. Does not: what Dagster keeps in
its own (`instance`), or the warehouse (`warehouse`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from sales_assets.doctor.clock import POSTGRESQL, compared
from sales_assets.doctor.findings import Finding, ok, problem, warning
from sales_assets.doctor.machine import unwritable
from sales_assets.settings import Settings

SECONDS = 5
"""How long a server may take to accept a connection, and a question to be answered."""
LARGE = 500 * 10**6
"""Bytes of a SQLite file that takes longer to be read through than a person wants to wait."""
ABOUT = """
SELECT current_user AS name, current_schema() AS schema, clock_timestamp() AS now,
    current_setting('server_version') AS version,
    current_setting('transaction_read_only') = 'on' AS is_read_only,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
    EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema()) AS has_tables
"""


def catalogue(settings: Settings) -> Iterator[Finding]:
    """The catalogue of drops, and Dagster's PostgreSQL where there is one."""
    yield from _examined("catalogue", settings.catalogue_address, "SALES_ASSETS_CATALOGUE_URL")
    if settings.dagster_postgres_url is not None:
        address = settings.dagster_postgres_url.get_secret_value()
        yield from _examined("Dagster's storage", address, "SALES_ASSETS_DAGSTER_POSTGRES_URL")


def _examined(name: str, address: str, setting: str) -> Iterator[Finding]:
    shown = setting
    try:
        url = sa.make_url(address)
        shown = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite":
            yield _sqlite(name, Path(url.database or ""), setting)
        else:
            yield from _server(name, url, shown)
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        yield problem(
            name,
            f"{shown}: {reason}",
            f"see that the server runs and lets this user in, or correct {setting}; a password "
            "belongs into ~/.pgpass or PGPASSWORD",
        )


def _sqlite(name: str, file: Path, setting: str) -> Finding:
    if complaint := unwritable(file) or unwritable(file.parent):
        return problem(name, complaint, f"give this user the right to, or set {setting}")
    if not file.exists():
        return ok(name, f"{file}, made by the first command")
    if file.stat().st_size > LARGE:
        return ok(name, f"{file}, too large to be read through here")
    try:
        address = f"{file.absolute().as_uri()}?mode=rw"  # read-only would leave files beside it
        with closing(sqlite3.connect(address, uri=True, timeout=SECONDS)) as connection:
            [(told,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.OperationalError as error:
        return warning(name, f"{file}: {error}", "look again when no other program uses it")
    except sqlite3.DatabaseError as error:
        told = str(error)
    if told != "ok":
        return problem(name, f"{file}: {told}", "put a backup of the file in its place")
    return ok(name, str(file))


def _server(name: str, url: sa.URL, shown: str) -> Iterator[Finding]:
    if url.get_backend_name() != "postgresql":
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            connection.execute(sa.select(1))
        yield ok(name, shown)
        return
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg2")  # as `resources.database` does
    engine = sa.create_engine(url, connect_args={"connect_timeout": SECONDS}, poolclass=sa.NullPool)
    with engine.connect() as connection:
        # Not an option of the connection: proxies refuse those.
        connection.exec_driver_sql(f"SET statement_timeout = {SECONDS * 1000}")
        before = datetime.now(UTC)
        row = connection.exec_driver_sql(ABOUT).one()
        clock = compared(POSTGRESQL, row.now.astimezone(UTC), before)
    yield _rights(name, shown, row)
    yield clock


def _rights(name: str, shown: str, row: sa.Row[tuple[object, ...]]) -> Finding:
    if row.is_read_only:
        to_do = "give the address of the primary server"
        return problem(name, f"{shown}: can only be read, as a standby", to_do)
    if row.schema is None:
        told = f"{shown}: the schemas of {row.name}'s search_path are not there"
        return problem(name, told, "create the schema, or correct the search_path")
    if row.may_create:
        return ok(name, f"{shown}, PostgreSQL {row.version}")
    told = f"{shown}: {row.name} may not create tables in the schema {row.schema}"
    to_do = f'GRANT USAGE, CREATE ON SCHEMA {row.schema} TO "{row.name}"'
    if row.has_tables:  # perhaps all that are needed; a newer version may need more
        return warning(name, told, to_do)
    return problem(name, told, to_do)
