"""Which day's line counts where a key is there on several days: settled inside the warehouse.

Belongs here: that resolution in DuckDB's SQL, inside a load's transaction. Does not: keys within a
day (`contracts.keys`), or the load itself (`duckdb_warehouse`).

The outcome is a function of the lines that are loaded, never of the order in which they came: of
every key that a load brought or took away, the earliest or latest day's line is in `revenue`, and
all others are in `outweighed`, and in `rejected` with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sales_assets.contracts.model import AcrossDays
from sales_assets.contracts.quoting import literal
from sales_assets.resources.warehouse import TABLES

if TYPE_CHECKING:
    import duckdb

_SAME_LINE = "t.source = ? AND t.partition_date = c.day AND t.file = c.file AND t.line = c.line"
_LOSES, _WINS = "c.counts AND NOT c.wins", "c.wins AND NOT c.counts"


def note_keys(
    connection: duckdb.DuckDBPyConnection, source: str, days: Sequence[date], within: str
) -> None:
    """Begin the list of keys that a load touches with those of the lines that it takes away."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE touched_keys AS "
        f"SELECT line_key, partition_date AS day FROM line_keys WHERE {within}",
        [source, days],
    )


def add_keys(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    """Add the keys of a load's accepted lines, and note them as touched."""
    lines = "FROM read_parquet(?, hive_partitioning = false) WHERE line_key IS NOT NULL"
    files = [[str(path) for path in paths]]
    connection.execute(
        f"INSERT INTO line_keys SELECT source, partition_date, line_key, file, line, text, true "
        f"{lines}",
        files,
    )
    connection.execute(f"INSERT INTO touched_keys SELECT line_key, partition_date {lines}", files)


def settle_keys(connection: duckdb.DuckDBPyConnection, source: str, rule: AcrossDays) -> list[date]:
    """Let one line of each touched key count; gives the days of which lines moved.

    What moved is noted in `restated` and `moved` under the day of the load that moved it, so that
    the marts of that day bring all of it up to date.
    """
    if not connection.execute("SELECT 1 FROM touched_keys LIMIT 1").fetchall():
        return []
    _compare(connection, source, rule)
    _note_moves(connection, source)
    _move(connection, source, "revenue", "outweighed", _LOSES)
    _move(connection, source, "outweighed", "revenue", _WINS)
    _reject(connection, source, rule)
    connection.execute(
        "UPDATE line_keys AS t SET counts = c.wins FROM contested AS c "
        f"WHERE {_SAME_LINE} AND c.counts <> c.wins",
        [source],
    )
    rows = connection.execute("SELECT DISTINCT day FROM contested AS c WHERE c.counts <> c.wins")
    return sorted(day for (day,) in rows.fetchall())


def _compare(connection: duckdb.DuckDBPyConnection, source: str, rule: AcrossDays) -> None:
    """The lines of touched keys that several days have or had, and which of them wins."""
    order = "DESC" if rule is AcrossDays.LATEST else "ASC"
    by = f"(PARTITION BY line_key ORDER BY partition_date {order}, file, line)"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE contested AS
        WITH touched AS (SELECT line_key, min(day) AS by_day FROM touched_keys GROUP BY line_key),
        found AS (
            SELECT line_keys.*, by_day FROM line_keys JOIN touched USING (line_key)
            WHERE source = ?
        )
        SELECT partition_date AS day, file, line, text, counts, by_day,
            row_number() OVER {by} = 1 AS wins,
            first_value(partition_date) OVER {by} AS winning_day,
            first_value(file) OVER {by} AS winning_file,
            first_value(line) OVER {by} AS winning_line
        FROM found
        WHERE line_key IN (
            SELECT line_key FROM found GROUP BY line_key
            HAVING count(*) > 1 OR NOT bool_and(counts)
        )
        """,
        [source],
    )


def _note_moves(connection: duckdb.DuckDBPyConnection, source: str) -> None:
    for table, moves in (("revenue", _LOSES), ("outweighed", _WINS)):
        connection.execute(
            "INSERT INTO restated SELECT t.source, c.by_day, t.order_date, t.customer_id "
            f"FROM {table} AS t JOIN contested AS c ON {_SAME_LINE} WHERE {moves} "
            "EXCEPT SELECT * FROM restated WHERE source = ?",
            [source, source],
        )
    connection.execute(
        "INSERT INTO moved SELECT ?, by_day, day FROM contested AS c "
        "WHERE c.counts <> c.wins AND by_day <> day EXCEPT SELECT * FROM moved WHERE source = ?",
        [source, source],
    )


def _move(
    connection: duckdb.DuckDBPyConnection, source: str, origin: str, target: str, moves: str
) -> None:
    columns = ", ".join(f"t.{name}" for name, _ in TABLES["revenue"])
    connection.execute(
        f"INSERT INTO {target} SELECT {columns} FROM {origin} AS t "
        f"JOIN contested AS c ON {_SAME_LINE} WHERE {moves}",
        [source],
    )
    connection.execute(
        f"DELETE FROM {origin} AS t USING contested AS c WHERE {_SAME_LINE} AND {moves}", [source]
    )


def _reject(connection: duckdb.DuckDBPyConnection, source: str, rule: AcrossDays) -> None:
    """Tell of each line that does not count which one does; an older word on it goes."""
    connection.execute(
        f"DELETE FROM rejected AS t USING contested AS c WHERE {_SAME_LINE} AND NOT c.counts",
        [source],
    )
    told = literal(f", and the {rule} day counts")
    connection.execute(
        "INSERT INTO rejected "
        "SELECT t.source, t.partition_date, t.file, t.file_sha256, t.line, c.text, "
        "['key: the same as in line ' || c.winning_line || ' of ' || c.winning_file || ' of ' "
        f"|| CAST(c.winning_day AS VARCHAR) || {told}] "
        f"FROM outweighed AS t JOIN contested AS c ON {_SAME_LINE} WHERE NOT c.wins",
        [source],
    )
