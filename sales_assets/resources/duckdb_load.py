"""Loading days into the embedded warehouse: the steps of one transaction, and its proof.

Belongs here: DuckDB's SQL of a load. Does not: the transaction and its lock (`duckdb_warehouse`),
or which of several lines with one key counts (`duckdb_keys`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sales_assets.contracts.model import AcrossDays
from sales_assets.errors import PermanentError
from sales_assets.resources.duckdb_keys import add_keys, note_keys, settle_keys
from sales_assets.resources.warehouse import TABLES, DayLoad, LoadedDay

if TYPE_CHECKING:
    import duckdb


def replace_days(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    loads: Sequence[DayLoad],
    across_days: AcrossDays | None,
) -> list[LoadedDay]:
    """Replace some days of a source; gives every day whose rows are not as before.

    Raises PermanentError if a row is lost, doubled or of another day; the transaction, which is
    the caller's, then has to be rolled back.
    """
    days = [load.day for load in loads]
    these: list[Any] = [source, days]
    within = "source = ? AND partition_date IN (SELECT unnest(?::DATE[]))"
    connection.execute(
        "INSERT INTO restated "
        f"SELECT source, partition_date, order_date, customer_id FROM revenue WHERE {within} "
        f"EXCEPT SELECT * FROM restated WHERE {within}",
        these * 2,
    )
    note_keys(connection, source, days, within)
    for table in ("revenue", "rejected", "ledger", "line_keys", "outweighed"):
        connection.execute(f"DELETE FROM {table} WHERE {within}", these)
    accepted = [load.accepted for load in loads if load.accepted]
    inserted = _insert(connection, "revenue", accepted)
    inserted += _insert(connection, "rejected", [load.rejected for load in loads if load.rejected])
    if across_days and accepted:
        add_keys(connection, accepted)
    # Lines of days that were loaded while the contract still had such a rule are settled too.
    moved = settle_keys(connection, source, across_days or AcrossDays.EARLIEST)
    changed = sorted({*days, *moved})
    _count(connection, source, changed)
    _check_counts(connection, source, loads)
    if inserted != sum(load.lines for load in loads):
        raise PermanentError(
            f"{source}: the staged files of {min(days)} to {max(days)} hold rows of other days or "
            "sources; nothing was changed. Materialise the staged asset of these days again"
        )
    connection.execute(
        "INSERT INTO ledger SELECT ?, day, fingerprint, version, files, lines, accepted, rejected, "
        "amount, net_amount, get_current_timestamp()::TIMESTAMP FROM loads "
        "JOIN counted_days USING (day)",
        [source],
    )
    if moved:
        connection.execute(
            "UPDATE ledger SET accepted = c.accepted, rejected = c.rejected, amount = c.amount, "
            "net_amount = c.net_amount, loaded_at = get_current_timestamp()::TIMESTAMP "
            "FROM counted_days AS c WHERE ledger.source = ? AND ledger.partition_date = c.day",
            [source],
        )
    entries = connection.execute(
        "SELECT partition_date, fingerprint, lines, accepted, rejected, amount, net_amount "
        f"FROM ledger WHERE {within} ORDER BY 1",
        [source, changed],
    ).fetchall()
    return [LoadedDay(*entry) for entry in entries]


def _insert(connection: duckdb.DuckDBPyConnection, table: str, paths: Sequence[Path]) -> int:
    """Add the rows of staged files to a table; gives their number."""
    if not paths:
        return 0
    columns = ", ".join(name for name, _ in TABLES[table])
    [(rows,)] = connection.execute(
        f"INSERT INTO {table} SELECT {columns} FROM read_parquet(?, hive_partitioning = false)",
        [[str(path) for path in paths]],
    ).fetchall()
    return int(rows)


def _count(connection: duckdb.DuckDBPyConnection, source: str, days: Sequence[date]) -> None:
    """Count and add up what the tables hold of some days, as `counted_days`."""
    within = "source = ? AND partition_date IN (SELECT unnest(?::DATE[]))"
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE counted_days AS SELECT day, "
        "coalesce(a.rows, 0) AS accepted, coalesce(r.rows, 0) AS rejected, "
        "coalesce(a.amount, 0) AS amount, coalesce(a.net_amount, 0) AS net_amount "
        "FROM (SELECT unnest(?::DATE[]) AS day) LEFT JOIN ("
        "SELECT partition_date AS day, count(*) AS rows, sum(amount) AS amount, "
        f"sum(net_amount) AS net_amount FROM revenue WHERE {within} GROUP BY ALL"
        ") AS a USING (day) LEFT JOIN ("
        f"SELECT partition_date AS day, count(*) AS rows FROM rejected WHERE {within} GROUP BY ALL"
        ") AS r USING (day)",
        [days, source, days, source, days],
    )


def _check_counts(
    connection: duckdb.DuckDBPyConnection, source: str, loads: Sequence[DayLoad]
) -> None:
    """Compare what was counted, day by day, with the lines that went in."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE loads AS SELECT unnest(?::DATE[]) AS day, "
        "unnest(?::VARCHAR[]) AS fingerprint, unnest(?::VARCHAR[]) AS version, "
        "unnest(?::VARCHAR[]) AS files, unnest(?::BIGINT[]) AS lines",
        [
            [load.day for load in loads],
            [load.fingerprint for load in loads],
            [load.contract_version for load in loads],
            [load.files for load in loads],
            [load.lines for load in loads],
        ],
    )
    lost = connection.execute(
        "SELECT day, lines, accepted, rejected FROM loads JOIN counted_days USING (day) "
        "WHERE lines <> accepted + rejected ORDER BY day"
    ).fetchall()
    if lost:
        day, lines, accepted, rejected = lost[0]
        raise PermanentError(
            f"{source}, {day}: {lines} lines went in but {accepted} were accepted and {rejected} "
            f"rejected ({len(lost)} days like this); nothing was changed. Materialise the day's "
            "staged asset again"
        )
