"""DuckDB engines that this process keeps for a database file that it opens again and again.

Belongs here: opening a file in an engine, and keeping the engine. Does not: who may open which
file when (`duckdb_file`).

To make an engine takes 15 ms of CPU, to attach a file 2; a day of one source opens its warehouse
two dozen times. Between two uses an engine has no file open, so that other processes may write.
"""

from __future__ import annotations

import atexit
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sales_assets.contracts.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb

_MOST = 4
"""Engines that are kept: a process has one warehouse, and the copy for its readers."""
_kept: OrderedDict[tuple[int, str], duckdb.DuckDBPyConnection] = OrderedDict()
_lock = Lock()


@contextmanager
def opened(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a file, as `duckdb.connect` gives it; nobody else uses its engine meanwhile.

    After any error the engine is given up, with whatever settings it has by then. Raises
    duckdb.IOException if the file cannot be opened.
    """
    import duckdb

    if path.name.lower().split(".")[0] == "memory":  # as an engine's own database is called
        with duckdb.connect(path, read_only=read_only) as connection:
            yield connection
        return
    engine = _taken(path)
    try:
        mode = "READ_ONLY" if read_only else "READ_WRITE"
        engine.execute(f"ATTACH {literal(str(path))} ({mode})")
        # DuckDB names the database after the file, as dbt's views of it expect.
        [(name,)] = engine.execute(
            "SELECT database_name FROM duckdb_databases() WHERE path IS NOT NULL"
        ).fetchall()
        with engine.cursor() as connection:
            connection.execute(f"USE {quoted(name)}")
            yield connection
        engine.execute(f"DETACH {quoted(name)}")
    except BaseException:
        engine.close()
        raise
    _keep(path, engine)


def _taken(path: Path) -> duckdb.DuckDBPyConnection:
    """An engine that is not in use; it spills to where DuckDB's own for the file would."""
    import duckdb

    with _lock:
        kept = _kept.pop((os.getpid(), str(path)), None)
    return kept or duckdb.connect(config={"temp_directory": f"{path}.tmp"})


def _keep(path: Path, engine: duckdb.DuckDBPyConnection) -> None:
    with _lock:
        other = _kept.pop((os.getpid(), str(path)), None)
        _kept[os.getpid(), str(path)] = engine
        if len(_kept) > _MOST:
            _, other = _kept.popitem(last=False)
    if other is not None:
        other.close()


@atexit.register
def _close() -> None:
    """Remove folders of what did not fit into memory; those of a parent process are its own."""
    with _lock:
        for (process, _), engine in _kept.items():
            if process == os.getpid():
                engine.close()
        _kept.clear()
