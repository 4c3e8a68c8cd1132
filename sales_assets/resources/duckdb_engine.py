"""DuckDB engines that this process keeps for a database file that it opens again and again.

Belongs here: opening a file in an engine, and keeping the engine. Does not: who may open which
file when (`duckdb_file`).

To make an engine takes 18 ms of CPU, to attach a file 2; a day of one source opens its warehouse
some twenty times. Between two uses an engine has no file open, so that other processes may write.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from sales_assets.contracts.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb

_MOST = 4
"""Engines that are kept: a process has one warehouse, and the copy for its readers."""


class _Engine(NamedTuple):
    """An engine, and what it calls the database of its file."""

    connection: duckdb.DuckDBPyConnection
    database: str


_kept: dict[tuple[int, Path], _Engine] = {}
"""By process and file, those that were used last at the end. A forked process has those of its
parent too, and leaves them alone: their threads are not there."""
_lock = Lock()


@contextmanager
def opened(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a file, as `duckdb.connect` gives it; nobody else uses its engine meanwhile.

    After any error the engine is given up, with whatever settings it has by then. Raises
    duckdb.IOException if another process has the file open, or it is no database.
    """
    import duckdb

    if path.name.lower().split(".")[0] == "memory":  # as an engine's own database is called
        with duckdb.connect(path, read_only=read_only) as connection:
            yield connection
        return
    with _lock:
        kept = _kept.pop((os.getpid(), path), None)
    spilled = Path(f"{path}.tmp")  # where DuckDB's own engine for the file would spill to
    engine = kept.connection if kept else duckdb.connect(config={"temp_directory": str(spilled)})
    try:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        engine.execute(f"ATTACH {literal(str(path))} ({mode})")
        name = kept.database if kept else _database(engine)
        with engine.cursor() as connection:
            connection.execute(f"USE {quoted(name)}")
            yield connection
        engine.execute(f"DETACH {quoted(name)}")
    except BaseException:
        engine.close()
        raise
    if spilled.exists():  # an engine that ends later would take it away from another one
        engine.close()
    else:
        _keep(path, _Engine(engine, name))


def _database(engine: duckdb.DuckDBPyConnection) -> str:
    """What DuckDB calls the attached file: as in any engine, which the SQL of views relies on."""
    attached = "SELECT database_name FROM duckdb_databases() WHERE path IS NOT NULL"
    [(name,)] = engine.execute(attached).fetchall()
    return str(name)


def _keep(path: Path, engine: _Engine) -> None:
    with _lock:
        unwanted = _kept.pop((os.getpid(), path), None)
        _kept[os.getpid(), path] = engine
        own = _own()
        if len(own) > _MOST:
            unwanted = _kept.pop(own[0])
    if unwanted is not None:
        unwanted.connection.close()


def _own() -> list[tuple[int, Path]]:
    return [key for key in _kept if key[0] == os.getpid()]


@atexit.register
def close_all() -> None:
    """Close what is kept; it is made again when it is needed."""
    with _lock:
        for key in _own():
            _kept.pop(key).connection.close()
