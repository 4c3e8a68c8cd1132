"""Exchange rates inside the embedded warehouse.

Belongs here: DuckDB's SQL of writing publications and of asking what is valid when. Does not: the
transaction and its lock (`duckdb_warehouse`), or converting sales (dbt_project).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sales_assets.partitions import DAY
from sales_assets.resources.warehouse import LoadedRates, RateLoad

if TYPE_CHECKING:
    import duckdb

REACH = timedelta(days=31)
"""How long a publication can be the last one; after the largest age limit nobody uses it."""

VALID = """
SELECT d.day, r.currency, max(r.rate_date) AS rate_date, max_by(r.rate, r.rate_date) AS rate
FROM rate_days AS d JOIN exchange_rates AS r
    ON r.rate_date <= d.day AND r.rate_date >= d.day - INTERVAL 31 DAY
WHERE d.day >= ? AND d.day < ? GROUP BY d.day, r.currency
"""


_RATES = (
    ("rate_date", "DATE"),
    ("currency", "VARCHAR"),
    ("rate", "DECIMAL(18,6)"),
    ("object_key", "VARCHAR"),
)
_QUARANTINED = (
    ("rate_date", "DATE"),
    ("currency", "VARCHAR"),
    ("value", "VARCHAR"),
    ("reason", "VARCHAR"),
    ("object_key", "VARCHAR"),
)
_DAYS = (("day", "DATE"), ("expected_rate_date", "DATE"))
_NOW = "get_current_timestamp()::TIMESTAMP"


def replace_rates(connection: duckdb.DuckDBPyConnection, load: RateLoad) -> LoadedRates:
    """Write a load; the transaction is the caller's."""
    span = _span(load)
    connection.execute("CREATE OR REPLACE TEMP TABLE days_before AS SELECT day FROM rate_days")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE valid_before AS {VALID}", span)
    _bind(connection, "new_rates", _RATES, load.rates)
    _bind(connection, "new_quarantined", _QUARANTINED, load.quarantined)
    _bind(connection, "new_days", _DAYS, load.days)
    for table in ("exchange_rates", "quarantined_rates"):
        _delete(connection, table, "(rate_date, currency)", "new_rates")
    connection.execute(f"INSERT INTO exchange_rates SELECT *, {_NOW} FROM new_rates")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE unseen AS FROM new_quarantined ANTI JOIN quarantined_rates "
        "USING (rate_date, currency, value, reason)"
    )
    _delete(connection, "quarantined_rates", "(rate_date, currency)", "unseen")
    connection.execute(f"INSERT INTO quarantined_rates SELECT *, {_NOW} FROM unseen")
    _delete(connection, "rate_days", "day", "new_days")
    connection.execute("INSERT INTO rate_days FROM new_days")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE valid_after AS {VALID}", span)
    changed = connection.execute(
        "SELECT DISTINCT day FROM ((FROM valid_after EXCEPT FROM valid_before) "
        "UNION ALL (FROM valid_before EXCEPT FROM valid_after)) SEMI JOIN days_before USING (day) "
        "ORDER BY day"
    ).fetchall()
    unseen = connection.execute(
        "SELECT rate_date, currency, value, reason FROM unseen ORDER BY ALL"
    ).fetchall()
    return LoadedRates([day for (day,) in changed], unseen)


def _span(load: RateLoad) -> list[date]:
    """The days, half-open, for which a load's publications can be the valid ones."""
    dates = [*(rate[0] for rate in load.rates), *(day for day, _ in load.days)]
    return [min(dates), max(dates) + REACH + DAY] if dates else [date.min, date.min]


def _delete(connection: duckdb.DuckDBPyConnection, table: str, key: str, keys: str) -> None:
    connection.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {keys})")


def _bind(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Make a temporary table of some rows."""
    described = ", ".join(f"{column} {sql_type}" for column, sql_type in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({described})")
    if rows:
        unnested = ", ".join(f"unnest(?::{sql_type}[])" for _, sql_type in columns)
        connection.execute(
            f"INSERT INTO {name} SELECT {unnested}", [list(c) for c in zip(*rows, strict=True)]
        )
