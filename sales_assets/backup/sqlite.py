"""SQLite in a backup: a copy of one moment, beside programs that write.

Belongs here: copying, keeping writers out, judging a copy. Does not: which files are SQLite's
(`databases`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sales_assets.errors import PermanentError, TransientError

_WAIT_SECONDS = 60.0
"""As long as the programs wait that write here (`resources.database`)."""


def copy(source: Path, target: Path) -> None:
    """Copy a database by SQLite's own backup, in one step and so of one moment.

    In the mode of its journal that all databases here have (WAL), writers go on meanwhile.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as of,
            closing(sqlite3.connect(target)) as to,
        ):
            of.execute(f"PRAGMA busy_timeout = {int(_WAIT_SECONDS * 1000)}")
            of.backup(to)
    except sqlite3.Error as error:
        raise TransientError(f"{source}: cannot be copied ({error}); try again") from error


@contextmanager
def writers_out(file: Path) -> Iterator[None]:
    """Keep everybody from writing to a database in the block; readers go on."""
    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise TransientError(f"{file}: others keep writing to it ({error})") from error
        yield
        connection.execute("ROLLBACK")


def check(file: Path) -> None:
    """Raise PermanentError if a copy is no whole database."""
    try:
        # As a file that nobody writes: nothing is made beside it.
        address = f"{file.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            found = [row for (row,) in connection.execute("PRAGMA integrity_check")]
    except sqlite3.DatabaseError as error:
        raise PermanentError(f"SQLite says: {error}") from error
    if found != ["ok"]:
        raise PermanentError(f"SQLite says: {'; '.join(found[:3])}")
