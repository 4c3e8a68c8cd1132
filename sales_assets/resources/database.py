"""Opening the small database that an installation keeps beside its warehouse.

Belongs here: engines for SQLite and any other SQLAlchemy address. Does not: what is in the tables
(`catalogue_tables`, `exchange_rates.state`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from filelock import FileLock

CONNECT_SECONDS = 30
"""How long a server may take to accept a connection."""
KEPT_CONNECTIONS, MOST_CONNECTIONS = 1, 20
"""How many connections a process keeps to a server, and has at most."""
_WRITERS = 0x53414C4553  # "SALES"; PostgreSQL's advisory locks have numbers for names
_ONE_MOMENT: Final = {
    "sqlite": "BEGIN",
    "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
}


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


@contextmanager
def deciding(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that decides by what it reads what it writes.

    Python's SQLite begins a transaction with the first change only: without this, two processes
    could read the same before either has written.
    """
    with writing(engine) as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield connection


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that sees one moment in all its statements, whoever writes meanwhile.

    PostgreSQL shows each statement what was committed before it, and Python's SQLite begins no
    transaction to read: a row that another process moves would be in two tables, or in none.
    """
    with engine.begin() as connection:
        connection.exec_driver_sql(_ONE_MOMENT[connection.dialect.name])
        yield connection


_SERVERS: Final[dict[str, sa.Engine]] = {}


def _of_server(address: sa.URL) -> sa.Engine:
    """The engine of a server's database, one for all that a process keeps there.

    A server has few places for connections, and an installation many processes.
    """
    name = address.render_as_string(hide_password=False)
    if name not in _SERVERS:
        is_postgres = "postgresql" in address.drivername
        engine = sa.create_engine(
            address,
            pool_pre_ping=True,
            pool_size=KEPT_CONNECTIONS,
            max_overflow=MOST_CONNECTIONS - KEPT_CONNECTIONS,
            connect_args={"connect_timeout": CONNECT_SECONDS} if is_postgres else {},
        )
        _SERVERS.setdefault(name, engine)  # another thread may have been faster
    return _SERVERS[name]


def _forget_connections() -> None:
    """A forked process has connections of its own; its parent's go on being the parent's."""
    for engine in _SERVERS.values():
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_forget_connections)


def open_database(url: str, create: Callable[[sa.Connection], None]) -> sa.Engine:
    """An engine for an address, whose tables `create` makes where they are not there yet."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        if address.drivername == "postgresql":  # the driver that dagster-postgres brings
            address = address.set(drivername="postgresql+psycopg2")
        engine = _of_server(address)
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
