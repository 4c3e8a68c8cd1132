"""What a command does, in counts that no machine changes: statements, files, modules, events.

    python -m benchmarks.counting FILE materialize --from 2024-01-01 --to 2024-01-02

Runs `sales-assets` with the arguments after FILE, and writes the counts to FILE as JSON:

- `duckdb_statements`: what DuckDB was asked, by this project and by dbt;
- `sql_statements`: what the instance and the catalogue of drops were asked, through SQLAlchemy;
- `files_opened`: files of the home that DuckDB or Python opened;
- `bytes_read`: what DuckDB read of them, by `landing` and `staged` (Parquet);
- `modules`: what was imported when the command ended;
- `events`: rows in the instance's index of events.
"""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from typing import Any


def count(arguments: list[str], home: Path) -> dict[str, Any]:
    """Run a command in this process, once, and count."""
    import duckdb
    from sqlalchemy import Engine, event

    from sales_assets.resources.duckdb_engine import close_all

    counts: Counter[str] = Counter()

    def opened(name: str, details: tuple[Any, ...]) -> None:
        if name == "open" and isinstance(details[0], str) and _is_of(details[0], home):
            counts["files_opened"] += 1

    def asked(*_: Any) -> None:
        if threading.current_thread().name != "costs":  # writes every few seconds, by the clock
            counts["sql_statements"] += 1

    with tempfile.TemporaryDirectory() as logs:
        connect = duckdb.connect

        def logging(*arguments: Any, **options: Any) -> duckdb.DuckDBPyConnection:
            connection = connect(*arguments, **options)
            if not options.get("config", {}).get("enable_external_access", True):
                return connection  # it reads nothing, and could not write a log
            folder = tempfile.mkdtemp(dir=logs)
            connection.execute(
                "CALL enable_logging(['QueryLog', 'FileSystem'], storage = 'file', "
                f"storage_config = {{'path': '{folder}'}})"
            )
            return connection

        duckdb.connect = logging
        event.listen(Engine, "before_cursor_execute", asked)
        sys.addaudithook(opened)
        _run(arguments)
        close_all()  # what an engine logged is whole when it has ended
        counts["modules"] = len(sys.modules)
        for file in Path(logs).rglob("duckdb_log_entries.csv"):
            counts += _logged(file, home)
    counts["events"] = _events(home)
    return dict(counts)


def _run(arguments: list[str]) -> None:
    from sales_assets.cli import main

    sys.argv = ["sales-assets", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise


def _logged(file: Path, home: Path) -> Counter[str]:
    """What one database wrote into its log."""
    counts: Counter[str] = Counter()
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            if row["type"] == "QueryLog":
                counts["duckdb_statements"] += 1
                continue
            done = json.loads(row["message"])
            if not _is_of(done["path"], home):
                continue
            if done["op"] == "OPEN":
                counts["files_opened"] += 1
            elif done["op"] == "READ":
                counts[f"bytes_read_{_kind(done['path'], home)}"] += int(done["bytes"])
    return counts


def _kind(path: str, home: Path) -> str:
    return "landing" if _is_of(path, home / "landing") else "staged"


def _is_of(path: str, folder: Path) -> bool:
    return path.startswith(f"{folder}{os.sep}")


def _events(home: Path) -> int:
    index = next(home.rglob("index.db"))
    with sqlite3.connect(index) as connection:
        [(rows,)] = connection.execute("SELECT count(*) FROM event_logs").fetchall()
    return int(rows)


def main() -> None:
    """Run from the command line."""
    file, *arguments = sys.argv[1:]
    found = count(arguments, Path(os.environ["SALES_ASSETS_HOME"]))
    Path(file).write_text(json.dumps(found, indent=2, sort_keys=True))


if __name__ == "__main__":
    main()
