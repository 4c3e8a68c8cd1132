"""A warehouse with the pipeline's tables, a few drops, and dbt to build the models of the project.

Belongs here: what several test files need. Does not: any expectation of a test.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from sales_assets.dbt_manifest import DbtLocation, read_saved_parse
from sales_assets.dbt_process import dbt_process
from sales_assets.resources.warehouse_tables import TABLES as PIPELINE_TABLES

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
RATE_DAYS = {
    "2024-01-01": "2023-12-29",
    "2024-01-02": "2024-01-02",
    "2024-01-03": "2024-01-03",
    "2024-01-04": "2024-01-04",
}
MODELS = (
    "staging.stg_exchange_rates",
    "staging.stg_sales",
    "core.fct_sales",
    "marts.daily_revenue",
    "marts.revenue_by_product",
    "marts.revenue_by_region",
    "marts.customer_value",
    "marts.revenue_by_team",
)
TABLES = MODELS[2:]
MARTS = MODELS[3:7]
"""Those that hold revenue in its own currency, by source."""
UNSTATED: dict[str, Any] = dict.fromkeys(name for name, _ in PIPELINE_TABLES["revenue"])
DEFAULTS = {"quantity": "1", "currency": "EUR", "kind": "sale", "file_sha256": "0" * 64}

Line = dict[str, Any]


def sale(order_date: str, customer: str | None, amount: str, **more: Any) -> Line:
    line = {"order_date": order_date, "customer_id": customer}
    return {**line, "amount": amount, "net_amount": amount, **more}


DROPS: dict[tuple[str, str], list[Line]] = {
    ("shop", "2024-01-01"): [
        sale("2024-01-01", "ann", "10.0001", order_id="1", product="tea", region="France"),
        sale("2024-01-01", "ann", "3", order_id="1", product="cup", category="china"),
        sale("2024-01-01", "bob", "7.5", order_id="2", product="tea", region="France"),
    ],
    ("till", "2024-01-01"): [sale("2024-01-01", None, "2.25"), sale("2024-01-01", "ann", "4")],
    ("shop", "2024-01-02"): [
        sale("2024-01-02", "bob", "20", order_id="3", kind="return", net_amount="0"),
        sale("2024-01-01", "ann", "-3", order_id="1", kind="cancellation", product="cup"),
        sale("2024-01-02", "cid", "8", order_id="4", currency="CHF", quantity=None),
    ],
    ("till", "2024-01-03"): [
        sale("2024-01-03", None, "1"),
        sale("2024-01-02", "dan", "6", region="Spain"),
    ],
    ("shop", "2024-01-04"): [
        sale("2024-01-04", "bob", "-0.5", order_id="5"),
        sale("2024-01-03", None, "9", order_id="6"),
    ],
}


class Warehouse:
    """A DuckDB file with the pipeline's tables, and dbt to build the models in it."""

    def __init__(self, folder: Path, parsed: Path, copy_of: Warehouse | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "warehouse.duckdb"
        self._parsed = parsed
        if copy_of:
            shutil.copy(copy_of.path, self.path)
            return
        with duckdb.connect(str(self.path)) as connection:
            for table in ("revenue", "restated", "exchange_rates", "rate_days"):
                columns = ", ".join(f"{name} {kind}" for name, kind in PIPELINE_TABLES[table])
                connection.execute(f"CREATE TABLE {table} ({columns})")
        self.publish("2023-12-29", "CHF", "0.926")
        self.publish("2024-01-02", "CHF", "0.9305")
        for day, due in RATE_DAYS.items():
            self.query(f"INSERT INTO rate_days VALUES ('{day}', '{due}')")

    def publish(self, day: str, currency: str, rate: str) -> None:
        """Know a rate, in the place of another one of the same day."""
        with duckdb.connect(str(self.path)) as connection:
            these = [day, currency]
            connection.execute(
                "DELETE FROM exchange_rates WHERE rate_date = ? AND currency = ?", these
            )
            connection.execute(
                "INSERT INTO exchange_rates VALUES (?, ?, ?, 'object', now()::TIMESTAMP)",
                [*these, rate],
            )

    def drop(self, source: str, day: str, lines: Sequence[Line]) -> None:
        """Replace a day of a source, and note what it had, as the pipeline does."""
        file = f"{source}/{day}.csv"
        rows = [
            {**UNSTATED, **DEFAULTS, "source": source, "partition_date": day, "file": file}
            | {"line": number, **line}
            for number, line in enumerate(lines, start=2)
        ]
        these = [source, day]
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(
                "INSERT INTO restated SELECT DISTINCT source, partition_date, order_date, "
                "customer_id FROM revenue WHERE source = ? AND partition_date = ?",
                these,
            )
            connection.execute("DELETE FROM revenue WHERE source = ? AND partition_date = ?", these)
            marks = ", ".join("?" for _ in UNSTATED)
            for row in rows:
                connection.execute(f"INSERT INTO revenue VALUES ({marks})", list(row.values()))

    def dbt(self, *arguments: str) -> dbtRunnerResult:
        """Run dbt from the saved parse, as a run of the pipeline does."""
        location = location_of(self.path, self._parsed)
        with dbt_process(location.environment):
            from dbt.cli.main import dbtRunner  # importing takes seconds

            manifest, _ = read_saved_parse(location)
            assert manifest
            target = self.path.parent / "target"
            common = ["--no-write-json", "--no-populate-cache", *location.arguments(target)]
            command, *rest = arguments
            return dbtRunner(manifest).invoke([command, *common, *rest])

    def build(self, first: str | None = None, end: str | None = None, *more: str) -> None:
        """Build and test all models, for the days [first, end) or for all of history."""
        result = self.dbt("build", *window(first, end), *more)
        assert result.success, failures(result) or result.exception

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def assert_same_as(self, other: Warehouse) -> None:
        """Every model holds the same rows, each as often."""
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{self.path}' AS this; ATTACH '{other.path}' AS that")
            for model in MODELS:
                for more, less in (("this", "that"), ("that", "this")):
                    rows = connection.execute(
                        f"SELECT * FROM {more}.{model} EXCEPT ALL SELECT * FROM {less}.{model}"
                    ).fetchall()
                    assert rows == [], f"{model} of {more} only, of {self.path} and {other.path}"


def window(first: str | None, end: str | None) -> list[str]:
    return ["--vars", json.dumps({"start_date": first, "end_date": end})] if first else []


def failures(result: dbtRunnerResult) -> dict[str, str]:
    nodes: Any = result.result or ()
    return {
        node.node.name: f"{node.status}: {node.message}"
        for node in nodes
        if node.status in ("error", "fail")
    }


def location_of(warehouse: Path, parsed: Path) -> DbtLocation:
    return DbtLocation(
        project_dir=PROJECT,
        profiles_dir=PROJECT,
        target="duckdb",
        prepared_dir=parsed,
        environment={"SALES_ASSETS_WAREHOUSE_PATH": str(warehouse)},
    )
