"""What the dbt models tell of each day of a run: their rows of it, and net revenue.

Belongs here: that question to the built tables. Does not: what dbt itself tells of a model, which
dagster-dbt records, or building them (`assets.marts`).

dagster-dbt can count rows by its `fetch_row_counts`, with a query and a connection for each model,
and only the whole table. Here all models are asked by one statement, for the days of the run.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal

import dagster as dg

from sales_assets.amounts import cents
from sales_assets.partitions import Window
from sales_assets.resources.warehouse import Warehouse
from sales_assets.telling.numbers import Told

_ORDERS = ("marts", "daily_revenue")
"""The model whose rows say how many orders they are of."""
_SUM_OF_ORDERS = (
    "CASE WHEN count(*) = count(DISTINCT source) AND count(*) = count(orders) THEN sum(orders) END"
)
"""An order of two currencies is in two rows of a source, which cannot be added up; rows of
different sources can, if each says how many it has."""
_DAYS: dict[tuple[str, str], tuple[str, str]] = {
    ("core", "fct_sales"): ("partition_date", "reporting_net_amount"),
    _ORDERS: ("order_date", "reporting_net_revenue"),
    ("marts", "revenue_by_product"): ("order_date", "reporting_net_revenue"),
    ("marts", "revenue_by_region"): ("order_date", "reporting_net_revenue"),
    ("marts", "revenue_by_team"): ("order_date", "reporting_net_revenue"),
}
"""The models whose rows have a day: the column that says it, and the one that is added up."""


def mart_days(
    warehouse: Warehouse, keys: Collection[dg.AssetKey], window: Window, currency: str
) -> dict[tuple[dg.AssetKey, date], Told]:
    """What those of some models that have days tell of each day of a window, also an empty one.

    `currency` is the reporting currency. Of a day with a line that could not be converted there is
    no sum: a part of it would pass for the whole.
    """
    asked = _with_columns(warehouse, {m: of for m, of in _DAYS.items() if dg.AssetKey(m) in keys})
    if not asked:
        return {}
    told: dict[tuple[dg.AssetKey, date], Told] = {
        (dg.AssetKey(name), day): {"dagster/partition_row_count": 0}
        for name in asked
        for day in window.days()
    }
    statement = " UNION ALL ".join(
        f"SELECT '{schema}' AS model_schema, '{table}' AS model, {day} AS day, count(*) AS lines, "
        f"CASE WHEN count(*) = count({net}) THEN sum({net}) END AS net, "
        f"{_SUM_OF_ORDERS if (schema, table) == _ORDERS else 'NULL'} AS orders "
        f"FROM {schema}.{table} WHERE {day} >= ? AND {day} < ? GROUP BY {day}"
        for (schema, table), (day, net) in asked.items()
    )
    for schema, table, day, lines, net, orders in warehouse.rows(
        statement, [window.start, window.end] * len(asked)
    ):
        found: Told = {"dagster/partition_row_count": int(lines)}
        if net is not None:
            found[f"net revenue in {currency}"] = float(cents(Decimal(net)))
        if orders is not None:
            found["orders"] = int(orders)
        told[dg.AssetKey([schema, table]), day] = found
    return told


def _with_columns(
    warehouse: Warehouse, models: dict[tuple[str, str], tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Those models whose tables have the columns that are asked for."""
    if not models:
        return {}
    found = warehouse.columns(*(table for _, table in models))
    return {(schema, table): of for (schema, table), of in models.items() if found[table] >= {*of}}
