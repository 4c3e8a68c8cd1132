"""Opening the small database that an installation keeps beside its warehouse.

Belongs here: engines for SQLite and any other SQLAlchemy address. Does not: what is in the tables
(`catalogue_tables`, `exchange_rates.state`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock

CONNECT_SECONDS = 30
"""How long a server may take to accept a connection."""
_WRITERS = 0x53414C4553  # "SALES"; PostgreSQL's advisory locks have numbers for names


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that no other process writes beside, as SQLite has it anyway.

    So what a transaction reads stays so until it has written, and rows that are numbered appear in
    the order of their numbers: a reader who remembers the last one misses none.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITERS)))
        yield connection


def open_database(url: str, create: Callable[[sa.Connection], None]) -> sa.Engine:
    """An engine for an address, whose tables `create` makes where they are not there yet."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        if address.drivername == "postgresql":  # the driver that dagster-postgres brings
            address = address.set(drivername="postgresql+psycopg2")
        given = {"connect_timeout": CONNECT_SECONDS} if "postgresql" in address.drivername else {}
        engine = sa.create_engine(address, pool_pre_ping=True, connect_args=given)
        with writing(engine) as connection:
            create(connection)
        return engine
    assert address.database is not None
    Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, connect_args={"timeout": 60})
    # SQLite's time-out does not cover the change to WAL, nor two programs making one table.
    with FileLock(f"{address.database}.lock"), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        create(connection)
        connection.commit()
    return engine
