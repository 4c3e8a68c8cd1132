"""The tutorial's assets: a day's CSV with pandas, its I/O manager into DuckDB, then dbt's models.

Belongs here: what Dagster's documentation shows for daily partitions ("Partitioning assets"),
pandas in DuckDB ("Dagster & DuckDB with I/O managers") and dbt over partitions ("Dagster & dbt:
build incremental models with partitions"). Nothing is tuned: that is what it is for.

Without `from __future__ import annotations`: Dagster reads the assets' annotations as objects.
"""

import json
import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, DbtProject, dbt_assets
from dagster_duckdb_pandas import DuckDBPandasIOManager

from benchmarks.generate import FIRST_DAY

HOME = Path(os.environ["TUTORIAL_HOME"])
"""The folder with the CSVs in `landing`, a copy of the dbt project, and the database."""
DAILY = dg.DailyPartitionsDefinition(start_date=FIRST_DAY)
BY_DAY = {"partition_expr": "partition_date"}
dbt_project = DbtProject(HOME / "dbt_project")


@dg.asset(partitions_def=DAILY, metadata=BY_DAY, key_prefix="sales")
def raw_sales(context: dg.AssetExecutionContext) -> pd.DataFrame:
    """The lines of the day's file, as text."""
    day = context.partition_key
    lines = pd.read_csv(HOME / "landing" / f"sales_{day}.csv", dtype=str, keep_default_na=False)
    return lines.assign(partition_date=pd.Timestamp(day), line=lines.index + 2)


def problem(line: Any) -> str:
    """What is wrong with a line, or nothing."""
    required = ("order_id", "sku", "category", "store")
    reasons = [f"{name} is blank" for name in required if not getattr(line, name)]
    if pd.isna(pd.to_datetime(line.order_ts, errors="coerce")):
        reasons.append("order_ts is no time")
    if not line.quantity.isdigit() or int(line.quantity) < 1:
        reasons.append("quantity is no number of at least 1")
    reasons += [
        f"{name} is no number"
        for name in ("unit_price", "discount")
        if pd.isna(pd.to_numeric(getattr(line, name), errors="coerce"))
    ]
    if line.currency not in {"EUR", "USD", "GBP"}:
        reasons.append("currency is not allowed")
    return "; ".join(reasons)


@dg.multi_asset(
    outs={
        name: dg.AssetOut(key_prefix="sales", metadata=BY_DAY) for name in ("revenue", "rejected")
    },
    ins={"raw_sales": dg.AssetIn(key_prefix="sales")},
    partitions_def=DAILY,
)
def validated(raw_sales: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The good lines, typed, and the others with what is wrong with them."""
    problems = pd.Series([problem(line) for line in raw_sales.itertuples()], index=raw_sales.index)
    good, bad = raw_sales[problems == ""], raw_sales[problems != ""]
    revenue = good.assign(
        order_ts=pd.to_datetime(good["order_ts"]),
        customer_id=good["customer_id"].replace("", None),
        quantity=good["quantity"].astype(int),
    )
    return revenue, bad.assign(problem=problems[problems != ""])


class Translator(DagsterDbtTranslator):
    """Ties dbt's source `sales` to the assets above."""

    def get_asset_key(self, dbt_resource_props: Any) -> dg.AssetKey:
        """`sales/table` for the sources, and the model's name for the models."""
        kind, name = dbt_resource_props["resource_type"], dbt_resource_props["name"]
        return dg.AssetKey(["sales", name] if kind == "source" else [name])


@dbt_assets(
    manifest=dbt_project.manifest_path,
    partitions_def=DAILY,
    dagster_dbt_translator=Translator(),
)
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """The models, told of the day."""
    day = date.fromisoformat(context.partition_key)
    window = {"min_date": str(day), "max_date": str(day + timedelta(days=1))}
    yield from dbt.cli(["build", "--vars", json.dumps(window)], context=context).stream()


defs = dg.Definitions(
    assets=[raw_sales, validated, models],
    resources={
        "io_manager": DuckDBPandasIOManager(database=str(HOME / "warehouse.duckdb")),
        "dbt": DbtCliResource(project_dir=dbt_project),
    },
)
