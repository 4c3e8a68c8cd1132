"""The metrics, asked through MetricFlow: they are the marts' figures, for any split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sales_assets.dbt_manifest import read_saved_parse
from sales_assets.dbt_process import dbt_process
from sales_assets.resources.build import dbt_location
from sales_assets_tests.harness import SAMPLE, SHOP, TILL, Installation, drop

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

DAY, SOURCE, CURRENCY = "metric_time__day", "sale__source", "sale__currency"
OWN = ("net_revenue", "gross_revenue", "returned_revenue")
REPORTING = tuple(f"reporting_{name}" for name in OWN)
COLUMNS = (*OWN, *REPORTING, "unconverted_lines")
SPLITS = {
    "daily_revenue": ((), ("orders",)),
    "revenue_by_product": (("product", "category"), ()),
    "revenue_by_region": (("region",), ()),
}
"""Mart -> what its rows are split by beside day, source and currency, and what more it states."""
Rows = list[tuple[Any, ...]]


class Metrics:
    """MetricFlow over the warehouse of an installation."""

    def __init__(self, installation: Installation, folder: Path) -> None:
        self.query = installation.query
        self._engine = engine_of(installation, folder / "semantic_manifest.json")

    def ask(self, names: Sequence[str], by: Sequence[str] = (), where: Sequence[str] = ()) -> Rows:
        """A row for each group: what it is grouped by, then the metrics, as DuckDB gives them."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(
            metric_names=names, group_by_names=by, where_constraints=where
        )
        sql = self._engine.explain(request).sql_statement.sql
        columns = ", ".join(f"{name}::DATE" if name == DAY else name for name in (*by, *names))
        return self.query(f"SELECT {columns} FROM ({sql}) AS asked ORDER BY ALL")

    def one(self, name: str, where: str | None = None) -> Any:
        """A metric over all lines, or over those of a condition."""
        [(value,)] = self.ask([name], where=[where] if where else [])
        return value

    def splits(self, name: str) -> set[str]:
        """What a metric can be split by."""
        return {one.dunder_name for one in self._engine.simple_dimensions_for_metrics([name])}


def engine_of(installation: Installation, file: Path) -> MetricFlowEngine:
    """MetricFlow with what is prepared; it writes the SQL, which the warehouse answers."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantics.model.dbt_manifest_parser import (
        parse_manifest_from_dbt_generated_manifest,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class Dialect:
        sql_engine_type = SqlEngine.DUCKDB
        sql_plan_renderer = DuckDbSqlPlanRenderer()

    location = dbt_location(installation.settings)
    with dbt_process(location.environment):
        from dbt.contracts.graph.semantic_manifest import SemanticManifest

        manifest, _ = read_saved_parse(location)
        assert manifest
        SemanticManifest(manifest).write_json_to_file(str(file))
    lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(file.read_text()))
    return MetricFlowEngine(lookup, Dialect())  # type: ignore[arg-type]  # it runs nothing


def contracts(folder: Path) -> list[Path]:
    """Two sources that sell in euros; a till in pounds and roubles, which numbers no orders."""
    till, stall = folder / TILL.name, folder / "stall.odcs.yaml"
    told = TILL.read_text()
    for text, other in (
        ("'EUR'", "CASE item WHEN 'fur' THEN 'RUB' ELSE 'GBP' END"),
        ("      - {name: order_id, logicalType: string, transformLogic: order_no}\n", ""),
    ):
        assert text in told
        told = told.replace(text, other)
    till.write_text(told)
    stall.write_text(SHOP.read_text().replace("shop", "stall"))
    return [SHOP, stall, till]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    folder = tmp_path_factory.mktemp("metrics")
    with Installation(folder / "home", contracts(folder)) as made:
        lines = ["1,2024-01-01,tea,ann,10.0001", "1,2024-01-01,jam,ann,2"]
        made.write_drop("shop", "2024-01-01.csv", drop(*lines, "2,2024-01-01,tea,bo,-4"))
        made.write_drop("shop", "2024-01-02.csv", drop("1,2024-01-02,tea,ann,0.5"))
        made.write_drop("stall", "2024-01-01.csv", drop("1,2024-01-01,tea,,3"))
        made.write_drop("till", "all.csv", drop("7,2024-01-01,tea,cy,8", "8,2024-01-02,fur,cy,9"))
        made.materialize("2024-01-01", "2024-01-02")
        yield Metrics(made, folder)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Metrics]:
    folder = tmp_path_factory.mktemp("sample")
    with Installation(folder / "home") as made:
        for source, month in (("pizzaplace", "2015-01"), ("global_sales", "2021-01")):
            made.land(source, SAMPLE / f"{source}.csv.gz")
            made.materialize(f"{month}-01", f"{month}-31", [source], marts=source != "pizzaplace")
        yield Metrics(made, folder)


def assert_is_the_mart(metrics: Metrics, mart: str) -> None:
    """Every figure of a mart is the metric of its name, to the last digit."""
    more, stated = SPLITS[mart]
    names = [*COLUMNS, *stated]
    by = [DAY, SOURCE, CURRENCY, *(f"sale__{name}" for name in more)]
    key = ("order_date", "source", "currency", *more)
    expected = metrics.query(f"SELECT {', '.join((*key, *names))} FROM {mart} ORDER BY ALL")
    assert expected
    assert metrics.ask(names, by) == expected


@pytest.mark.parametrize("mart", SPLITS)
def test_a_metric_is_the_column_of_the_mart_that_has_its_name(small: Metrics, mart: str) -> None:
    assert_is_the_mart(small, mart)


@pytest.mark.long
@pytest.mark.parametrize("mart", SPLITS)
def test_a_metric_of_the_sample_is_the_column_of_the_mart_that_has_its_name(
    sample: Metrics, mart: str
) -> None:
    assert_is_the_mart(sample, mart)


@pytest.mark.long
def test_the_sample_s_metrics_by_day_are_the_sums_and_quotients_of_its_lines(
    sample: Metrics,
) -> None:
    by_day = sample.query(
        "SELECT order_date, sum(reporting_net_revenue), sum(reporting_gross_revenue), "
        "sum(reporting_returned_revenue) FROM daily_revenue GROUP BY ALL ORDER BY ALL"
    )
    orders = dict(
        sample.query(
            "SELECT order_date, count(DISTINCT order_id) FROM fct_sales "
            "WHERE source = 'retail/pizzaplace' GROUP BY ALL"
        )
    )
    expected = [
        (
            day,
            net,
            orders.get(day),
            pytest.approx(float(net) / orders[day], rel=1e-15) if day in orders else None,
            pytest.approx(float(returned) / float(gross), rel=1e-15),
        )
        for day, net, gross, returned in by_day
    ]
    assert any(row[2] is None for row in expected)
    assert any(row[2] is not None for row in expected)

    names = ["reporting_net_revenue", "orders", "average_order_value", "return_rate"]
    assert sample.ask(names, [DAY]) == expected


def test_revenue_of_several_currencies_is_a_sum_in_the_reporting_currency_alone(
    small: Metrics,
) -> None:
    first = "{{ TimeDimension('metric_time', 'day') }} = '2024-01-01'"
    [(pounds,)] = small.query("SELECT reporting_net_amount FROM fct_sales WHERE currency = 'GBP'")

    assert pounds > Decimal(8)
    assert small.ask(["net_revenue"], [CURRENCY], [first]) == [
        ("EUR", Decimal("11.0001")),
        ("GBP", Decimal(8)),
    ]
    assert [small.one(name, first) for name in OWN] == [None, None, None]
    assert [small.one(name, first) for name in REPORTING] == [
        Decimal("11.0001") + pounds,
        Decimal("15.0001") + pounds,
        Decimal(4),
    ]


def test_what_holds_an_unconverted_line_is_empty_instead_of_a_part_of_the_sum(
    small: Metrics,
) -> None:
    assert [small.one(name) for name in (*REPORTING, "return_rate")] == [None] * 4
    assert small.one("unconverted_lines") == 1
    second = "{{ TimeDimension('metric_time', 'day') }} = '2024-01-02'"
    assert small.ask(["reporting_net_revenue"], [SOURCE], [second]) == [
        ("tests/shop", Decimal("0.5")),
        ("tests/till", None),
    ]


def test_an_order_counts_once_in_its_source_over_all_its_days_and_products(small: Metrics) -> None:
    assert small.ask(["orders"], [SOURCE]) == [
        ("tests/shop", 2),
        ("tests/stall", 1),
        ("tests/till", None),
    ]
    assert small.one("orders") == 3
    assert [orders for _, orders in small.ask(["orders"], [DAY])] == [3, 1]


def test_an_average_order_has_no_revenue_of_sources_that_number_no_orders(small: Metrics) -> None:
    assert small.one("average_order_value") == pytest.approx(11.5001 / 3, rel=1e-15)
    assert small.ask(["average_order_value"], [SOURCE]) == [
        ("tests/shop", pytest.approx(8.5001 / 2, rel=1e-15)),
        ("tests/stall", 3.0),
        ("tests/till", None),
    ]


def test_the_return_rate_is_what_came_back_of_what_was_sold(small: Metrics) -> None:
    assert small.ask(["return_rate"], [SOURCE]) == [
        ("tests/shop", pytest.approx(4 / 12.5001, rel=1e-15)),
        ("tests/stall", 0.0),
        ("tests/till", None),
    ]


@pytest.mark.parametrize("name", [*COLUMNS, "orders", "average_order_value", "return_rate"])
def test_a_metric_can_be_split_by_all_that_a_sale_states(small: Metrics, name: str) -> None:
    stated = ("source", "currency", "region", "category", "product")
    assert small.splits(name) >= {DAY, *(f"sale__{one}" for one in stated)}
