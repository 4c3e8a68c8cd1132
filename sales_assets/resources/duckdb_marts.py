"""Which sales the models have to compute anew, kept inside the embedded warehouse.

Belongs here: DuckDB's SQL of that. Does not: the models (dbt_project), or the transaction and its
lock (`duckdb_warehouse`).

`conversions` has, for each day of drops, the rates that its sales were converted at, once all
models were built; `unfinished_marts` the days of builds that began and did not end. So a killed
build, or one of some of the models, is done again, and a small table says which sales a new rate
is about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

OUTDATED = """
WITH rules AS (SELECT unnest(?::VARCHAR[]) AS source, unnest(?::VARCHAR[]) AS rules)
SELECT DISTINCT c.partition_date
FROM conversions AS c
LEFT JOIN staging.stg_exchange_rates AS r ON r.day = c.order_date AND r.currency = c.currency
LEFT JOIN rules AS n ON n.source = c.source
WHERE c.currency <> c.reporting_currency
    AND ((c.rate_date, c.currency_rate, c.reporting_rate, c.expected_rate_date)
            IS DISTINCT FROM (r.rate_date, r.currency_rate, r.reporting_rate, r.expected_rate_date)
        OR c.rules <> n.rules)
"""
"""Parameters: sources and their rules."""

OF_ANOTHER_CURRENCY = "SELECT 1 FROM conversions WHERE reporting_currency <> ? LIMIT 1"

COLUMNS = """
SELECT table_schema || '.' || table_name, list(column_name) FROM information_schema.columns
WHERE table_schema IN ('core', 'marts', 'staging') GROUP BY ALL
"""

UNCONVERTED = """
SELECT source, currency, rate_state, count(*), min(order_date), max(order_date),
    max(order_date - rate_date)
FROM core.fct_sales WHERE rate_state NOT IN ('current', 'same_currency')
GROUP BY source, currency, rate_state ORDER BY ALL
"""


def begin(connection: duckdb.DuckDBPyConnection, days: Collection[date] | None) -> None:
    """Note days, or all that have rows, as unfinished."""
    _choose(connection, days)
    connection.execute(
        "INSERT INTO unfinished_marts FROM chosen ANTI JOIN unfinished_marts USING (partition_date)"
    )


def abandon(connection: duckdb.DuckDBPyConnection, days: Collection[date]) -> None:
    """Note days as not unfinished any more, though they were not built."""
    _choose(connection, days)
    connection.execute("DELETE FROM unfinished_marts WHERE partition_date IN (FROM chosen)")


def end(
    connection: duckdb.DuckDBPyConnection,
    days: Collection[date] | None,
    rules: Mapping[str, str],
) -> None:
    """Note days, or all, as built, with the rates that their sales were converted at."""
    _choose(connection, days)
    for table in ("unfinished_marts", "conversions"):
        connection.execute(
            f"DELETE FROM {table} WHERE partition_date IN (SELECT partition_date FROM chosen)"
        )
    connection.execute(
        "INSERT INTO conversions "
        "WITH rules AS (SELECT unnest(?::VARCHAR[]) AS source, unnest(?::VARCHAR[]) AS rules) "
        "SELECT DISTINCT f.source, f.partition_date, f.order_date, f.currency, "
        "f.reporting_currency, f.rate_date, f.currency_rate, f.reporting_rate, "
        "r.expected_rate_date, coalesce(n.rules, '') "
        "FROM core.fct_sales AS f SEMI JOIN chosen USING (partition_date) "
        "LEFT JOIN staging.stg_exchange_rates AS r "
        "ON r.day = f.order_date AND r.currency = f.currency LEFT JOIN rules AS n USING (source)",
        [list(rules), list(rules.values())],
    )


def _choose(connection: duckdb.DuckDBPyConnection, days: Collection[date] | None) -> None:
    """Make `chosen` the days, or all that are known in any way."""
    query, parameters = "SELECT unnest(?::DATE[]) AS partition_date", [list(days or ())]
    if days is None:
        known = ("ledger", "unfinished_marts", "conversions")
        query = " UNION ".join(f"SELECT partition_date FROM {table}" for table in known)
        parameters = []
    connection.execute(f"CREATE OR REPLACE TEMP TABLE chosen AS {query}", parameters)
