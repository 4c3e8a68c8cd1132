"""The lower bound: the same job as the project's, by hand, set-wise and without an orchestrator.

    python -m benchmarks.lower_bound FOLDER WORK

Daily CSVs are read as text with file, SHA-256 and line number; each line is typed and judged with
all its reasons; accepted and rejected lines go to a Parquet file a day; the days are replaced in
the warehouse in one transaction for each 31 of them; then the view, the fact table and the four
marts. Prints lines, sums, CPU seconds with imports, wall seconds and peak memory as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import shutil
import sys
import time
from pathlib import Path

import duckdb

CHUNK = 31
COLUMNS = [
    "order_id",
    "order_ts",
    "sku",
    "category",
    "store",
    "customer_id",
    "quantity",
    "unit_price",
    "discount",
    "currency",
]

_JUDGED = """
CREATE OR REPLACE TEMP TABLE judged AS
WITH lines AS (
    SELECT *, row_number() OVER () AS ordinal
    FROM read_csv({paths}, auto_detect = false, header = true, columns = {columns},
        nullstr = '', allow_quoted_nulls = true, filename = 'path')
), typed AS (
    SELECT files.file, files.sha256, files.day, ordinal - files.lines_before + 1 AS line,
        lines.* EXCLUDE (path, ordinal),
        CASE WHEN length(order_ts) = 19
            THEN try_strptime(order_ts, '%Y-%m-%d %H:%M:%S') END AS ordered_at,
        CASE WHEN regexp_full_match(quantity, '[+-]?[0-9]+')
            THEN TRY_CAST(quantity AS BIGINT) END AS units,
        CASE WHEN regexp_full_match(unit_price, '[+-]?[0-9]+([.][0-9]{{0,4}}0*)?')
            THEN TRY_CAST(unit_price AS DECIMAL(18,4)) END AS price,
        CASE WHEN regexp_full_match(discount, '[+-]?[0-9]+([.][0-9]{{0,4}}0*)?')
            THEN TRY_CAST(discount AS DECIMAL(18,4)) END AS off
    FROM lines JOIN files USING (path)
), ruled AS (
    SELECT *, CAST(ordered_at AS DATE) AS order_date,
        TRY_CAST(units * price - off AS DECIMAL(18,4)) AS amount,
        CASE WHEN order_id IS NULL OR ordered_at IS NULL OR sku IS NULL OR category IS NULL
            OR store IS NULL OR units IS NULL OR units < 1 OR price IS NULL OR off IS NULL
            OR currency IS NULL OR currency NOT IN ('EUR', 'USD', 'GBP')
            OR CAST(ordered_at AS DATE) <> day
        THEN list_filter([
            CASE WHEN order_id IS NULL THEN 'order_id: is required and blank' END,
            CASE WHEN ordered_at IS NULL THEN 'order_ts: ' || coalesce(order_ts, 'is blank') END,
            CASE WHEN sku IS NULL THEN 'sku: is required and blank' END,
            CASE WHEN category IS NULL THEN 'category: is required and blank' END,
            CASE WHEN store IS NULL THEN 'store: is required and blank' END,
            CASE WHEN units IS NULL OR units < 1 THEN 'quantity: ' || quantity END,
            CASE WHEN price IS NULL THEN 'unit_price: ' || unit_price END,
            CASE WHEN off IS NULL THEN 'discount: ' || discount END,
            CASE WHEN currency NOT IN ('EUR', 'USD', 'GBP') THEN 'currency: ' || currency END,
            CASE WHEN CAST(ordered_at AS DATE) <> day THEN 'order_ts: outside of the day' END
        ], lambda r: r IS NOT NULL) END AS reasons
    FROM typed
)
SELECT * FROM ruled
"""
_ACCEPTED = """
SELECT 'benchmark/sales' AS source, day AS partition_date, order_id, NULL::BIGINT AS line_number,
    order_date, ordered_at, sku AS product, category, customer_id, store AS region,
    units::DECIMAL(18,4) AS quantity, price AS unit_price, amount, amount AS net_amount, currency,
    'sale' AS kind, file, sha256 AS file_sha256, line, day
FROM judged WHERE reasons IS NULL
"""
_REJECTED = """
SELECT 'benchmark/sales' AS source, day AS partition_date, file, sha256 AS file_sha256, line,
    concat_ws(',', order_id, order_ts, sku, category, store, customer_id, quantity, unit_price,
        discount, currency) AS text, reasons, day
FROM judged WHERE reasons IS NOT NULL
"""
_GROSS = (
    "CASE WHEN kind = 'sale' THEN amount WHEN net_amount < 0 THEN 0 ELSE greatest(amount, 0) END"
)
_ORDERS = "count(DISTINCT order_id) AS orders,"
_SUMS = (
    "count(*) AS lines, sum(quantity) AS units, "
    "sum(gross_amount) AS gross_revenue, sum(returns_amount) AS returned_revenue, "
    "sum(net_amount) AS net_revenue"
)
_MARTS = {
    "daily_revenue": "order_date, source, currency",
    "revenue_by_product": "order_date, source, product, category, currency",
    "revenue_by_region": "order_date, source, region, currency",
    "customer_value": "source, customer_id, currency",
}


_WITH_ORDERS = {"daily_revenue", "customer_value"}


def run(folder: Path, work: Path) -> dict[str, object]:
    """Do the whole job in `work`, which is emptied first."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "staged").mkdir(parents=True)
    connection = duckdb.connect(str(work / "warehouse.duckdb"))
    connection.execute("SET disabled_optimizers = 'type_pushdown'; SET memory_limit = '2GB'")
    paths = sorted(folder.glob("*.csv"))
    for start in range(0, len(paths), CHUNK):
        _load_chunk(connection, paths[start : start + CHUNK], work / "staged" / str(start))
    build_marts(connection)
    [(lines, rejected, amount)] = connection.execute(
        "SELECT (SELECT count(*) FROM revenue) + (SELECT count(*) FROM rejected), "
        "(SELECT count(*) FROM rejected), (SELECT sum(net_revenue) FROM daily_revenue)"
    ).fetchall()
    connection.close()
    return {"lines": lines, "rejected": rejected, "amount": str(amount)}


def _load_chunk(connection: duckdb.DuckDBPyConnection, paths: list[Path], staged: Path) -> None:
    rows, lines_before = [], 0
    for path in paths:
        content = path.read_bytes()
        day = path.stem.removeprefix("sales_")
        digest = hashlib.sha256(content).hexdigest()
        rows.append((str(path), path.name, digest, day, lines_before))
        lines_before += content.count(b"\n") - 1
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE files "
        "(path VARCHAR, file VARCHAR, sha256 VARCHAR, day DATE, lines_before BIGINT)"
    )
    connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?)", rows)
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in COLUMNS) + "}"
    connection.execute(_JUDGED.format(paths=[str(path) for path in paths], columns=columns))
    for kind, select in (("accepted", _ACCEPTED), ("rejected", _REJECTED)):
        connection.execute(
            f"COPY ({select}) TO '{staged}_{kind}' "
            "(FORMAT parquet, COMPRESSION zstd, PARTITION_BY (day))"
        )
    for table, select in (("revenue", _ACCEPTED), ("rejected", _REJECTED)):
        # Before the transaction: see docs/decisions/0002-duckdb-version.md.
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * EXCLUDE (day) FROM ({select}) LIMIT 0"
        )
    connection.execute("BEGIN")
    for table, kind in (("revenue", "accepted"), ("rejected", "rejected")):
        files = f"read_parquet('{staged}_{kind}/*/*.parquet', hive_partitioning = false)"
        connection.execute(f"DELETE FROM {table} WHERE partition_date IN (SELECT day FROM files)")
        connection.execute(f"INSERT INTO {table} SELECT * FROM {files}")
    connection.execute("COMMIT")


def build_marts(connection: duckdb.DuckDBPyConnection) -> None:
    """The staging view, the fact table and the marts, from the table `revenue`."""
    connection.execute(
        f"CREATE VIEW stg_sales AS SELECT *, {_GROSS} AS gross_amount, "
        f"{_GROSS} - net_amount AS returns_amount FROM revenue"
    )
    connection.execute("CREATE TABLE fct_sales AS SELECT * FROM stg_sales")
    for name, keys in _MARTS.items():
        known = "WHERE customer_id IS NOT NULL" if name == "customer_value" else ""
        orders = _ORDERS if name in _WITH_ORDERS else ""
        connection.execute(
            f"CREATE TABLE {name} AS SELECT {keys}, {orders} {_SUMS} "
            f"FROM fct_sales {known} GROUP BY {keys}"
        )


def main() -> None:
    """Run from the command line."""
    begun = time.monotonic()
    result = run(Path(sys.argv[1]), Path(sys.argv[2]))
    times = os.times()
    result |= {
        "cpu_seconds": round(times.user + times.system, 2),
        "wall_seconds": round(time.monotonic() - begun, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
