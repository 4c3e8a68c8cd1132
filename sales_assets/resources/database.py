"""Opening the small database that an installation keeps beside its warehouse.

Belongs here: engines for SQLite and any other SQLAlchemy address. Does not: what is in the tables
(`catalogue_tables`, `exchange_rates.state`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from filelock import FileLock


def open_database(url: str, create: Callable[[sa.Connection], None]) -> sa.Engine:
    """An engine for an address, whose tables `create` makes where they are not there yet."""
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        engine = sa.create_engine(address)
        with engine.begin() as connection:
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
