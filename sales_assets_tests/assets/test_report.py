"""The report asset: what it depends on, what it writes and what it records."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sales_assets.assets.report import build_report
from sales_assets.report.links import Links
from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse
from sales_assets.resources.report_folder import ReportFolder
from sales_assets_tests.harness import PROJECT

KEY = dg.AssetKey(["reports", "sales_report"])
CONDITION = dg.AutomationCondition.eager()
LINKS = Links("http://ui.example:3000")
MODELS = ("daily_revenue", "revenue_by_product", "revenue_by_region", "customer_value")
ROWS = """
    INSERT INTO revenue (source, partition_date, order_date, amount, net_amount, currency, kind,
        file, file_sha256, line)
    VALUES ('shop/till', '2024-01-01', '2024-01-01', 1234.5, 1234.5, 'EUR', 'sale', 'a', '0', 2),
        ('shop/till', '2024-01-02', '2024-01-02', 0.0001, 0.0001, 'GBP', 'sale', 'b', '0', 2);
    INSERT INTO ledger SELECT source, partition_date, 'f', '1', '[]', 1, 1, 0, amount, amount,
        TIMESTAMP '2024-01-03 00:00:00' FROM revenue;
    CREATE TABLE core.fct_sales AS SELECT *, 'EUR' AS reporting_currency, 'current' AS rate_state,
        order_date AS rate_date, (net_amount * 1.5)::DECIMAL(38, 10) AS reporting_net_amount
        FROM revenue;
    CREATE TABLE marts.daily_revenue AS SELECT order_date, source, currency, 1 AS lines,
        amount AS gross_revenue, amount - net_amount AS returned_revenue,
        net_amount AS net_revenue, reporting_currency,
        reporting_net_amount AS reporting_gross_revenue,
        0::DECIMAL(38, 10) AS reporting_returned_revenue,
        reporting_net_amount AS reporting_net_revenue FROM core.fct_sales;
    CREATE TABLE marts.revenue_by_product AS
        SELECT *, '(not stated)' AS product, '(not stated)' AS category FROM marts.daily_revenue;
    CREATE TABLE marts.revenue_by_region AS
        SELECT *, '(not stated)' AS region FROM marts.daily_revenue;
    CREATE TABLE marts.customer_value AS
        SELECT *, 'c' AS customer_id FROM marts.daily_revenue WHERE false;
"""


def marts(*names: str) -> dg.AssetsDefinition:
    """Stands for the dbt models."""
    days = dg.DailyPartitionsDefinition("2024-01-01")

    @dg.multi_asset(specs=[dg.AssetSpec(["marts", name]) for name in names], partitions_def=days)
    def models() -> dg.MaterializeResult:  # type: ignore[type-arg]
        raise NotImplementedError

    return models


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    made = DuckDBWarehouse(path=str(tmp_path / "warehouse.duckdb"))
    made.rows("SELECT 1")
    return made


def materialize(warehouse: DuckDBWarehouse, folder: Path) -> dict[str, object]:
    """Materialise the report alone and give what was recorded."""
    models = marts(*MODELS)
    result = dg.materialize(
        [models, build_report(models, CONDITION, links=LINKS)],
        selection=[KEY],
        resources={"warehouse": warehouse, "report_folder": ReportFolder(path=str(folder))},
    )
    recorded = result.asset_materializations_for_node("reports__sales_report")[0].metadata
    return {name: value.value for name, value in recorded.items()}


def test_the_report_depends_on_the_marts_and_belongs_to_the_analysts() -> None:
    report = build_report(marts(*MODELS), CONDITION, links=LINKS)
    spec = report.get_asset_spec(KEY)
    assert report.partitions_def is None
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == {
        f"marts/{name}" for name in MODELS
    }
    assert (spec.group_name, list(spec.owners), spec.kinds) == (
        "reports",
        ["team:analytics"],
        {"html"},
    )
    assert spec.automation_condition == CONDITION


def test_a_model_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="the report needs marts/revenue_by_region"):
        build_report(
            marts("daily_revenue", "revenue_by_product", "customer_value"), CONDITION, links=LINKS
        )


def test_materialising_writes_the_page_and_records_the_exact_totals(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    with duckdb.connect(warehouse.path) as connection:
        connection.execute(ROWS)
    folder = tmp_path / "a" / "report"
    recorded = materialize(warehouse, folder)
    page = folder / "sales_report.html"
    assert recorded == {
        "path": str(page),
        "bytes": page.stat().st_size,
        "sources": 1,
        "days": 2,
        "totals_agree": True,
        "checks_passed": 0,
        "checks_to_look_at": 0,
        "net_revenue shop/till EUR": "1234.50",
        "net_revenue shop/till GBP": "0.0001",
        "net_revenue shop/till in EUR": "1851.75",
        "net_revenue All sources in EUR": "1851.75",
        "unconverted_lines": 0,
        "stale_rate_lines": 0,
    }
    assert "1,234.50" in page.read_text()


def test_the_page_has_the_checks_of_the_run_that_made_it(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    with duckdb.connect(warehouse.path) as connection:
        connection.execute(ROWS)

    @dg.asset(key=["shop", "till", "revenue"])
    def revenue() -> None:
        """What is checked."""

    @dg.asset_check(asset=revenue, name="z_is_last_by_name")
    def z_check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="found in this run")

    models = marts(*MODELS)
    report = build_report(models, CONDITION, checks=[*z_check.check_specs], links=LINKS)
    result = dg.materialize(
        [models, revenue, report, z_check],
        selection=[KEY, revenue.key],
        resources={"warehouse": warehouse, "report_folder": ReportFolder(path=str(tmp_path))},
    )
    page = (tmp_path / "sales_report.html").read_text()
    assert "found in this run" in page
    assert "✗ Do not rely on these figures yet" in page
    assert f"http://ui.example:3000/runs/{result.run_id}" in page
    recorded = result.asset_materializations_for_node("reports__sales_report")[0].metadata
    assert (recorded["checks_passed"].value, recorded["checks_to_look_at"].value) == (0, 1)


def test_the_report_of_an_empty_warehouse_is_a_page_too(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    recorded = materialize(warehouse, tmp_path)
    assert (recorded["sources"], recorded["days"]) == (0, 0)
    assert "No sales yet" in (tmp_path / "sales_report.html").read_text()


def test_a_page_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    folder = ReportFolder(path=str(tmp_path))
    assert folder.write("old").read_text() == "old"
    with pytest.raises(UnicodeEncodeError):
        folder.write("new \ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["sales_report.html"]
    assert (tmp_path / "sales_report.html").read_text() == "old"


def test_importing_the_asset_imports_no_pandas_and_no_charts() -> None:
    program = (
        "import sys, sales_assets.assets.report;"
        "print(*{'pandas', 'pygal', 'jinja2.environment', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_materialising_the_report_imports_no_pandas(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    with duckdb.connect(warehouse.path) as connection:
        connection.execute(ROWS)
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sales_assets.resources.duckdb_warehouse import DuckDBWarehouse\n"
        "from sales_assets_tests.assets.test_report import materialize\n"
        "recorded = materialize(DuckDBWarehouse(path=sys.argv[1]), Path(sys.argv[2]))\n"
        "print(recorded['days'], *{'pandas', 'numpy', 'pyarrow'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, warehouse.path, str(tmp_path / "report")],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    assert done.stdout.split() == ["2"]
    assert (tmp_path / "report" / "sales_report.html").exists()


def test_the_page_leads_to_one_of_operations_that_nobody_else_s_is_replaced_by(
    warehouse: DuckDBWarehouse, tmp_path: Path
) -> None:
    operations = tmp_path / "operations.html"
    materialize(warehouse, tmp_path)
    assert '<a href="operations.html">' in (tmp_path / "sales_report.html").read_text()
    assert "Nobody has looked yet" in operations.read_text()
    assert '<a href="sales_report.html">' in operations.read_text()
    operations.write_text("what the daemon has written")
    materialize(warehouse, tmp_path)
    assert operations.read_text() == "what the daemon has written"
