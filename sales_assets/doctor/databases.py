"""The databases beside the warehouse: the drop catalogue and Dagster's PostgreSQL.

Belongs here: whether they answer, are whole and may be written to. Does not: what Dagster keeps in
its own (`instance`), or the warehouse (`warehouse`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from sales_assets.doctor.clock import compared
from sales_assets.doctor.findings import Finding, ok, problem
from sales_assets.settings import Settings

SECONDS = 5
"""How long a server may take to accept a connection, and a question to be answered."""

POSTGRES = """
SELECT current_user AS name, current_schema() AS schema, clock_timestamp() AS now,
    current_setting('server_version') AS version,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create
"""


def catalogue(settings: Settings) -> Iterator[Finding]:
    """The catalogue of drops, and Dagster's PostgreSQL where there is one."""
    yield from _examined("catalogue", settings.catalogue_address, "SALES_ASSETS_CATALOGUE_URL")
    if settings.dagster_postgres_url is not None:
        address = settings.dagster_postgres_url.get_secret_value()
        yield from _examined("Dagster's storage", address, "SALES_ASSETS_DAGSTER_POSTGRES_URL")


def _examined(name: str, address: str, setting: str) -> Iterator[Finding]:
    url = sa.make_url(address)
    shown = url.render_as_string(hide_password=True)
    try:
        if url.get_backend_name() == "sqlite":
            yield _sqlite(name, Path(url.database or ""))
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


def _sqlite(name: str, file: Path) -> Finding:
    if not file.exists():
        return ok(name, f"{file}, made by the first command")
    engine = sa.create_engine(
        f"sqlite:///file:{file}?mode=ro&uri=true",
        connect_args={"timeout": SECONDS},
        poolclass=sa.NullPool,
    )
    with engine.connect() as connection:
        told: str = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if told != "ok":
        return problem(name, f"{file}: {told}", "put a backup of the file in its place")
    return ok(name, str(file))


def _server(name: str, url: sa.URL, shown: str) -> Iterator[Finding]:
    if url.get_backend_name() != "postgresql":
        with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
            connection.execute(sa.select(1))
        yield ok(name, shown)
        return
    given = {
        "connect_timeout": SECONDS,
        "options": f"-c statement_timeout={SECONDS * 1000}",
    }
    url = url.set(drivername="postgresql+psycopg2")  # as `resources.database` does
    engine = sa.create_engine(url, connect_args=given, poolclass=sa.NullPool)
    with engine.connect() as connection:
        before = datetime.now(UTC)
        row = connection.exec_driver_sql(POSTGRES).one()
        clock = compared("PostgreSQL", row.now.astimezone(UTC), before)
    if row.may_create:
        yield ok(name, f"{shown}, PostgreSQL {row.version}")
    else:
        schema = row.schema or "public"
        yield problem(
            name,
            f"{shown}: {row.name} may not create tables in the schema {schema}",
            f'GRANT USAGE, CREATE ON SCHEMA {schema} TO "{row.name}"',
        )
    yield clock
