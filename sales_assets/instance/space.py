"""The room that Dagster's databases take, and giving it back after rows were deleted.

Belongs here: sizes, SQLite's and PostgreSQL's VACUUM. Does not: deleting rows (`retention`), files
of single runs (`run_files`).
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa

_WORTH: Final = 0.1
"""The share of free pages in a SQLite file from which on it is written anew."""
_PATIENCE_SECONDS: Final = 5.0
"""How long a file's other users are waited for; what they keep busy is left to the next time."""
_LOG = logging.getLogger(__name__)


def size(connection: sa.Connection, tables: Sequence[sa.Table]) -> int:
    """Bytes of a SQLite file, whatever it holds, or of tables in PostgreSQL with their indexes."""
    if connection.dialect.name == "sqlite":
        file = _file(connection)
        parts = [file, Path(f"{file}-wal")]
        return sum(part.stat().st_size for part in parts if part.exists())
    query = sa.text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    return sum(connection.scalar(query, {"name": table.name}) or 0 for table in tables)


def give_back(connection: sa.Connection, tables: Sequence[sa.Table]) -> None:
    """Make files smaller, or let their room be used again, without locking anybody out.

    PostgreSQL cuts files off only at their ends; `VACUUM FULL`, which does more, locks all out.
    """
    if connection.dialect.name == "sqlite":
        _shrink(_file(connection))
        return
    for table in tables:
        connection.exec_driver_sql(f"VACUUM {table.name}")


def _file(connection: sa.Connection) -> Path:
    return Path(connection.engine.url.database or "")


def _shrink(file: Path) -> None:
    """Write a SQLite file anew without its free pages, if that is worth it and nobody minds."""
    try:
        with closing(
            sqlite3.connect(file, timeout=_PATIENCE_SECONDS, isolation_level=None)
        ) as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            if free > pages * _WORTH:
                connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:  # in use, or no disk left for the copy
        _LOG.info("%s keeps its size, its free pages are used again: %s", file, error)
