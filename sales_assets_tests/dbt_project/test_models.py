"""The dbt models: whatever the order of runs, the tables are those of one build of everything.

The project is parsed once. Each test starts from a copy of one built warehouse, so that it pays
for the runs it is about and no others.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from sales_assets.dbt_manifest import (
    DbtLocation,
    prepare,
    read_manifest,
    read_saved_parse,
)
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


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parsed")
    prepare(location_of(folder / "warehouse.duckdb", folder))
    return folder


@pytest.fixture(scope="module")
def manifest(parsed: Path) -> dict[str, Any]:
    return read_manifest(parsed)


@pytest.fixture(scope="module")
def built(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """All drops, built at once. Take a `copied` one to change it."""
    made = Warehouse(tmp_path_factory.mktemp("built"), parsed)
    for (source, day), lines in DROPS.items():
        made.drop(source, day, lines)
    made.build()
    return made


@pytest.fixture
def copied(built: Warehouse, parsed: Path, tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "copied", parsed, copy_of=built)


@pytest.fixture
def from_scratch(parsed: Path, tmp_path: Path) -> Callable[[Warehouse], Warehouse]:
    """A copy of a warehouse, its models built anew from the revenue table as it is now."""

    def build(original: Warehouse) -> Warehouse:
        made = Warehouse(tmp_path / "scratch", parsed, copy_of=original)
        for schema in ("marts", "core", "staging"):
            made.query(f"DROP SCHEMA {schema} CASCADE")
        made.build()
        return made

    return build


def test_the_calendar_of_the_metrics_has_every_day_once(built: Warehouse) -> None:
    [days] = built.query(
        "SELECT min(calendar_day), max(calendar_day), count(*), count(DISTINCT calendar_day) "
        "FROM staging.days"
    )
    first, last = date(2000, 1, 1), date(2099, 12, 31)
    number = (last - first).days + 1
    assert days == (first, last, number, number)


def test_single_days_as_they_come_equal_one_build_of_everything(
    parsed: Path, tmp_path: Path, built: Warehouse
) -> None:
    daily = Warehouse(tmp_path, parsed)
    for day, end in (("01", "02"), ("02", "03"), ("03", "04"), ("04", "05")):
        for (source, dropped), lines in DROPS.items():
            if dropped == f"2024-01-{day}":
                daily.drop(source, dropped, lines)
        daily.build(f"2024-01-{day}", f"2024-01-{end}")
    daily.assert_same_as(built)


def test_one_range_after_a_first_day_equals_one_build_of_everything(
    parsed: Path, tmp_path: Path, built: Warehouse
) -> None:
    ranged = Warehouse(tmp_path, parsed)
    for (source, day), lines in DROPS.items():
        if day == "2024-01-01":
            ranged.drop(source, day, lines)
    ranged.build("2024-01-01", "2024-01-02")
    for (source, day), lines in DROPS.items():
        if day != "2024-01-01":
            ranged.drop(source, day, lines)
    ranged.build("2024-01-02", "2024-01-05")
    ranged.assert_same_as(built)


def test_a_day_outside_the_window_is_not_looked_at(copied: Warehouse) -> None:
    before = {model: copied.query(f"SELECT * FROM {model} ORDER BY ALL") for model in TABLES}
    copied.drop("shop", "2024-01-01", [])
    copied.drop("shop", "2024-01-04", [])
    copied.build("2024-01-02", "2024-01-04")
    for model, rows in before.items():
        assert copied.query(f"SELECT * FROM {model} ORDER BY ALL") == rows, model


def test_a_rerun_changes_nothing(copied: Warehouse, built: Warehouse) -> None:
    copied.build("2024-01-02", "2024-01-03")
    copied.assert_same_as(built)


def test_a_run_without_a_window_computes_all_of_history_anew(
    copied: Warehouse, built: Warehouse
) -> None:
    copied.query("DELETE FROM core.fct_sales; DELETE FROM marts.customer_value")
    copied.query("UPDATE marts.daily_revenue SET order_date = '2020-01-01', net_revenue = 1")
    copied.build()
    copied.assert_same_as(built)


def test_a_restated_day_takes_old_order_dates_and_customers_with_it(
    copied: Warehouse, from_scratch: Callable[[Warehouse], Warehouse]
) -> None:
    # the return of 2 January turns out to be a sale of the 5th; cid and the Swiss franc are gone
    copied.drop("shop", "2024-01-02", [sale("2024-01-05", "bob", "20", order_id="3")])
    copied.build("2024-01-02", "2024-01-03")
    copied.assert_same_as(from_scratch(copied))
    shop = "SELECT {} FROM {} WHERE source = 'shop' ORDER BY 1"
    assert ("cid",) not in copied.query(shop.format("customer_id", "marts.customer_value"))
    days = copied.query(shop.format("strftime(order_date, '%d')", "marts.daily_revenue"))
    assert days == [("01",), ("03",), ("04",), ("05",)]


def test_a_day_whose_lines_are_all_gone_leaves_no_trace(
    copied: Warehouse, from_scratch: Callable[[Warehouse], Warehouse]
) -> None:
    copied.drop("till", "2024-01-03", [])
    copied.build("2024-01-03", "2024-01-04")
    copied.assert_same_as(from_scratch(copied))
    later = "source = 'till' AND order_date > '2024-01-01'"
    gone = {mart: f"SELECT * FROM {mart} WHERE {later}" for mart in MARTS[:3]}
    gone[MARTS[3]] = "SELECT * FROM marts.customer_value WHERE customer_id = 'dan'"
    assert {mart: copied.query(sql) for mart, sql in gone.items()} == {mart: [] for mart in MARTS}


def test_sources_that_share_an_order_date_keep_their_own_rows(copied: Warehouse) -> None:
    first = "SELECT source, lines, net_revenue FROM marts.daily_revenue WHERE order_date = '{}'"
    till = ("till", 2, 6.25)
    before = sorted(copied.query(first.format("2024-01-01")))
    assert [(s, n, float(net)) for s, n, net in before] == [("shop", 4, 17.5001), till]
    copied.drop("shop", "2024-01-01", [sale("2024-01-01", "eve", "100")])
    copied.build("2024-01-01", "2024-01-02")
    after = sorted(copied.query(first.format("2024-01-01")))
    assert [(s, n, float(net)) for s, n, net in after] == [("shop", 2, 97.0), till]


def test_gross_returned_and_net_are_apart_and_agree_in_every_mart(built: Warehouse) -> None:
    lines = built.query(
        "SELECT sum(gross_amount), sum(returns_amount), sum(net_amount) FROM core.fct_sales"
        " WHERE source = 'shop' AND currency = 'EUR'"
    )
    assert [tuple(map(str, row)) for row in lines] == [("49.0001", "23.0000", "26.0001")]
    for mart in MARTS:
        rows = built.query(f"SELECT gross_revenue, returned_revenue, net_revenue FROM {mart}")
        assert all(gross - returned == net for gross, returned, net in rows)


def test_a_failing_model_leaves_its_rows_and_those_of_the_marts_as_they_were(
    copied: Warehouse, built: Warehouse
) -> None:
    copied.drop("shop", "2024-01-02", [sale("2024-01-02", "bob", "1", currency=None)])
    result = copied.dbt("build", *window("2024-01-02", "2024-01-03"))
    assert "NOT NULL constraint failed: fct_sales.currency" in failures(result)["fct_sales"]
    converted = "reporting_currency, reporting_gross_amount, reporting_returns_amount, "
    converted += "reporting_net_amount, rate_state, rate_date, currency_rate, reporting_rate"
    copied.query(
        "CREATE OR REPLACE VIEW staging.stg_sales AS "
        f"SELECT * EXCLUDE ({converted}) FROM core.fct_sales"
    )
    copied.assert_same_as(built)


@pytest.mark.parametrize("days", [(None, None), ("2024-01-01", "2024-01-02")])
def test_data_tests_find_what_does_not_add_up(
    copied: Warehouse, days: tuple[str | None, str | None]
) -> None:
    copied.query("INSERT INTO core.fct_sales FROM core.fct_sales WHERE line = 2")
    copied.query("UPDATE marts.daily_revenue SET gross_revenue = gross_revenue + 0.0001")
    copied.query("DELETE FROM marts.revenue_by_product WHERE product = 'tea'")
    copied.query("INSERT INTO marts.revenue_by_region FROM marts.revenue_by_region LIMIT 1")
    copied.query("UPDATE marts.customer_value SET last_order_date = '2023-12-31'")
    found = failures(copied.dbt("test", *window(*days), "--exclude-resource-type", "unit_test"))
    assert set(found) == {f"{model.split('.')[1]}_is_sound" for model in TABLES}


def test_data_tests_of_a_window_leave_other_days_alone(copied: Warehouse) -> None:
    copied.query(
        "UPDATE marts.daily_revenue SET gross_revenue = 0 WHERE order_date = '2024-01-04';"
        "UPDATE core.fct_sales SET kind = 'gift' WHERE partition_date = '2024-01-04'"
    )
    options = ("--exclude-resource-type", "unit_test")
    assert failures(copied.dbt("test", *window("2024-01-02", "2024-01-04"), *options)) == {}
    assert set(failures(copied.dbt("test", *options))) == {
        "fct_sales_is_sound",
        "daily_revenue_is_sound",
    }


@pytest.mark.parametrize(
    ("days", "reason"),
    [
        ({"start_date": "2024-01-01"}, "A window needs both vars"),
        ({"start_date": "2024-01-02", "end_date": "2024-01-02"}, "The window is empty"),
        ({"start_date": "2024-01-01", "end_date": "x' or true"}, "Invalid isoformat string"),
    ],
    ids=["half", "empty", "no date"],
)
def test_a_window_that_is_none_is_refused(
    copied: Warehouse, days: dict[str, str], reason: str
) -> None:
    result = copied.dbt("compile", "--select", "fct_sales", "--vars", json.dumps(days))
    assert reason in (failures(result).get("fct_sales") or str(result.exception))


def test_unit_tests_pass(copied: Warehouse) -> None:
    result = copied.dbt("test", "--select", "test_type:unit")
    nodes: Any = result.result
    assert result.success, failures(result) or result.exception
    assert len(nodes) >= 9


def test_a_plain_build_runs_no_unit_test(copied: Warehouse) -> None:
    result = copied.dbt("list", "--output", "name", "--quiet")
    listed: Any = result.result
    assert {"customer_value", "customer_value_is_sound"} <= set(listed)
    assert "lines_without_a_customer_are_left_out" not in listed


def test_every_table_is_incremental_by_the_window(manifest: dict[str, Any]) -> None:
    tables = [node for node in nodes_of(manifest) if node["schema"] != "staging"]
    assert len(tables) == len(TABLES)
    for node in tables:
        assert node["config"]["materialized"] == "incremental", node["name"]
        assert node["config"]["incremental_strategy"] == "replace_window", node["name"]
        assert node["config"]["meta"]["replace_by"], node["name"]
        if node["schema"] == "marts":  # the meta of model and project are merged
            assert node["config"]["meta"]["dagster"]["owners"] == ["team:analytics"], node["name"]


def test_every_column_has_a_type_and_a_description_and_no_amount_is_a_float(
    manifest: dict[str, Any],
) -> None:
    for node in nodes_of(manifest):
        assert node["config"]["contract"]["enforced"], node["name"]
        assert node["description"], node["name"]
        for name, column in node["columns"].items():
            assert column["description"], f"{node['name']}.{name}"
            assert column["data_type"].split("(")[0] in (
                *("varchar", "bigint", "date", "timestamp", "decimal", "boolean"),
            ), f"{node['name']}.{name}"


def test_the_source_is_the_table_that_the_pipeline_writes(manifest: dict[str, Any]) -> None:
    for source in manifest["sources"].values():
        declared = {name: column["data_type"] for name, column in source["columns"].items()}
        written = {name: kind.lower() for name, kind in PIPELINE_TABLES[source["name"]]}
        assert declared == written, source["name"]


def nodes_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
