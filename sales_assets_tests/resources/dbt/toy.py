"""A toy project of dbt on a warehouse of its own, and what Dagster was told of its runs.

What goes wrong in a run is decided by the rows. Belongs here: the project, its runs, and a
look at both. Does not: any expectation.
"""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from sales_assets.assets.mart_variables import Conversion
from sales_assets.assets.marts import build_marts
from sales_assets.dbt_manifest import DbtLocation, read_specs
from sales_assets.partitions import daily_partitions
from sales_assets.resources.dbt import DbtInProcess
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse

PATH_SETTING = "SALES_ASSETS_WAREHOUSE_PATH"
CONVERSION = Conversion("EUR", (), {})
REVENUE = [
    dg.AssetKey(["retail", "pizzaplace", "revenue"]),
    dg.AssetKey(["global", "global_sales", "revenue"]),
]
STAGING = dg.AssetKey(["staging", "stg_sales"])
FACTS = dg.AssetKey(["core", "fct_sales"])
DAILY = dg.AssetKey(["marts", "daily_revenue"])
PRODUCTS = dg.AssetKey(["marts", "revenue_by_product"])
DAYS = daily_partitions(date(2024, 1, 1))
RANGE = ("2024-01-01", "2024-01-03")

WINDOW = """day >= cast('{{ var("start_date", "0001-01-01") }}' as date)
    and day < cast('{{ var("end_date", "9999-12-31") }}' as date)"""
PROJECT = {
    "dbt_project.yml": """
        name: toy
        profile: toy
        models:
          toy:
            staging: {+materialized: view}
            core: {+materialized: incremental, +unique_key: day}
            marts: {+materialized: incremental, +unique_key: day}
        """,
    "profiles.yml": """
        toy:
          target: duckdb
          outputs:
            duckdb:
              type: duckdb
              path: "{{ env_var('SALES_ASSETS_WAREHOUSE_PATH') }}"
              threads: 1
        """,
    "models/staging/stg_sales.sql": "select * from {{ source('warehouse', 'revenue') }}",
    "models/staging/stg_sales.yml": """
        sources:
          - name: warehouse
            schema: main
            tables: [{name: revenue}]
        models:
          - name: stg_sales
            columns:
              - name: product
                data_type: varchar
                description: What was sold.
                data_tests: [{not_null: {name: a_product_is_named, config: {severity: warn}}}]
        """,
    "models/core/fct_sales.sql": f"""
        select day, product, amount, effort from {{{{ ref('stg_sales') }}}} where {WINDOW}
        """,
    "models/core/fct_sales.yml": """
        models:
          - name: fct_sales
            columns:
              - {name: amount, data_tests: [{not_null: {name: an_amount_is_stated}}]}
        """,
    # fails on an amount beyond a smallint
    "models/marts/daily_revenue.sql": f"""
        select day, cast(sum(amount) as smallint) as revenue
        from {{{{ ref('fct_sales') }}}} where {WINDOW} group by day
        """,
    "models/marts/daily_revenue.yml": """
        models:
          - name: daily_revenue
            config:
              tags: [money]
              meta: {dagster: {owners: ["team:analytics"]}}
            columns:
              - {name: day, data_type: date, description: The day of the sale.}
              - {name: revenue, data_type: smallint}
        unit_tests:
          - name: a_unit_test_that_would_fail
            model: daily_revenue
            given: [{input: ref('fct_sales'), rows: [{day: "2024-01-01", amount: 1}]}]
            expect: {rows: [{day: "2024-01-01", revenue: 2}]}
        """,
    # takes as long as the rows say
    "models/marts/revenue_by_product.sql": f"""
        select day, product, sum(amount) as revenue
        from {{{{ ref('fct_sales') }}}}, range(effort) where {WINDOW} group by day, product
        """,
    "tests/daily_revenue_adds_up.sql": """
        {{ config(meta={'dagster': {'ref': {'name': 'daily_revenue'}}}) }}
        select 1
        where (select sum(revenue) from {{ ref('daily_revenue') }})
            <> (select sum(amount) from {{ ref('fct_sales') }})
            and exists (select 1 from {{ source('warehouse', 'revenue') }})
        """,
}
GOOD_ROWS = [
    ("2024-01-01", "tea", 3, 1),
    ("2024-01-02", "tea", 4, 1),
    ("2024-01-03", "pot", 5, 1),
]


def write_project(folder: Path) -> Path:
    for name, text in PROJECT.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return folder


def locate(project: Path, prepared: Path, warehouse: Path) -> DbtLocation:
    return DbtLocation(project, project, "duckdb", prepared, {PATH_SETTING: str(warehouse)})


class ToyWarehouse(DuckDBWarehouse):
    """A warehouse whose models convert nothing."""

    def needs_full_refresh(self, _: str) -> bool:
        return False

    def outdated_marts(self, _: Mapping[str, str]) -> list[date]:
        return []

    def begin_marts(self, _: Collection[date] | None) -> None:
        """Of no interest here."""

    def abandon_marts(self, _: Collection[date]) -> None:
        """Of no interest here."""

    def end_marts(self, _: Collection[date] | None, __: Mapping[str, str]) -> None:
        """Of no interest here."""


class Toy:
    """A warehouse of its own, dbt on it, and a look at both from outside."""

    def __init__(self, folder: Path, prepared: DbtLocation, name: str = "sales.duckdb") -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / name
        self.runs = folder / "runs"
        self.location = replace(prepared, environment={PATH_SETTING: str(self.path)})
        self.dbt = DbtInProcess(
            project_dir=str(prepared.project_dir),
            profiles_dir=str(prepared.profiles_dir),
            target=prepared.target,
            prepared_dir=str(prepared.prepared_dir),
            runs_dir=str(self.runs),
            environment={PATH_SETTING: str(self.path)},
        )
        self.marts = build_marts(
            models=read_specs(prepared.prepared_dir),
            revenue_keys=REVENUE,
            partitions_def=DAYS,
            conversion=CONVERSION,
        )

    def fill(self, rows: Sequence[tuple[str, str | None, int | None, int]]) -> "Toy":
        ToyWarehouse(path=str(self.path)).rows("select 1")  # makes it
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(
                "create or replace table revenue"
                " (day date, product varchar, amount integer, effort bigint)"
            )
            connection.executemany("insert into revenue values (?, ?, ?, ?)", rows)
        return self

    def build(
        self,
        first: str | None = RANGE[0],
        last: str | None = RANGE[1],
        selection: dg.AssetSelection | None = None,
        marts: dg.AssetsDefinition | None = None,
        instance: dg.DagsterInstance | None = None,
    ) -> dg.ExecuteInProcessResult:
        tags = {}
        if first and last:
            tags = {
                "dagster/asset_partition_range_start": first,
                "dagster/asset_partition_range_end": last,
            }
        marts = marts or self.marts
        job = dg.define_asset_job("build", selection or dg.AssetSelection.assets(marts))
        resources = {"dbt": self.dbt, "warehouse": ToyWarehouse(path=str(self.path))}
        definitions = dg.Definitions(assets=[marts], jobs=[job], resources=resources)
        return definitions.resolve_job_def("build").execute_in_process(
            raise_on_error=False, tags=tags, instance=instance
        )

    def ask(self, query: str) -> list[Any]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(query).fetchall()


def told(result: dg.ExecuteInProcessResult) -> dict[dg.AssetKey, list[str | None]]:
    days: dict[dg.AssetKey, list[str | None]] = {}
    for event in result.get_asset_materialization_events():
        assert event.asset_key
        days.setdefault(event.asset_key, []).append(event.partition)
    return days


def checks(result: dg.ExecuteInProcessResult) -> dict[str, tuple[bool, str]]:
    return {
        check.check_name: (check.passed, check.severity.value)
        for check in result.get_asset_check_evaluations()
    }


def failure(result: dg.ExecuteInProcessResult) -> tuple[str, str]:
    (event,) = (event for event in result.all_events if event.is_step_failure)
    error = event.step_failure_data.error
    assert error
    cause = error.cause or error
    assert cause.cls_name
    return cause.cls_name, cause.message
