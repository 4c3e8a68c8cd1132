"""What DuckDB makes of a contract's expressions, patterns and queries when it is loaded."""

from __future__ import annotations

import re

import pytest

from sales_assets.contracts.bind import check_bindings
from sales_assets.contracts.expressions import scalar_expression
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Mapping
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.quality import QualityRule, Severity
from sales_assets_tests.contracts.builders import column

COLUMNS = (
    column("price", LogicalType.NUMBER),
    column("qty", LogicalType.INTEGER),
    column("day", LogicalType.DATE),
    column("at", LogicalType.TIMESTAMP),
    column("text"),
    column("flag", LogicalType.BOOLEAN),
)
NAMES = tuple(c.name for c in COLUMNS)


def told(canonical: str, expression: str, *others: str) -> list[str]:
    """The problems of a mapping, among others that are right."""
    mappings = [
        Mapping(name, *scalar_expression(text, NAMES))
        for name, text in [("order_id", "text"), (canonical, expression), ("kind", "'sale'")]
    ]
    problems = Problems()
    check_bindings(problems, COLUMNS, mappings, ())
    return problems.found


@pytest.mark.parametrize(
    ("expression", "sql_type"),
    [
        ("price / 3", "DOUBLE"),
        ("qty / 2", "DOUBLE"),
        ("CAST(price AS DOUBLE)", "DOUBLE"),
        ("CAST(price AS FLOAT)", "FLOAT"),
        ("TRY_CAST(price AS REAL)", "FLOAT"),
        ("price * 0.1e0", "DOUBLE"),
        ("price * 1e3", "DOUBLE"),
        ("sqrt(price)", "DOUBLE"),
        ("power(price, 2)", "DOUBLE"),
        ("price + '1'", "DOUBLE"),
        ("CASE WHEN flag THEN price ELSE 0.5e0 END", "DOUBLE"),
        ("greatest(price, 0.1e0)", "DOUBLE"),
        ("text", "VARCHAR"),
        ("replace(text, ',', '')", "VARCHAR"),
        ("flag", "BOOLEAN"),
        ("NULL", "NULL"),
        ("[price]", "DECIMAL(18,4)[]"),
    ],
)
def test_money_that_is_no_decimal_is_refused_with_the_way_to_round_it(
    expression: str, sql_type: str
) -> None:
    for canonical in ("amount", "net_amount", "unit_price", "quantity"):
        (problem,) = told(canonical, expression)

        assert problem.startswith(f"schema.revenue.{canonical}.transformLogic: is of type ")
        assert sql_type in problem
        assert "state the rounding: CAST(... AS DECIMAL(18,4))" in problem


@pytest.mark.parametrize(
    "expression",
    [
        "price",
        "qty",
        "-price",
        "qty * price",
        "price * 1.19",
        "price - price * 0.05",
        "round(price, 2)",
        "abs(price)",
        "coalesce(price, 0)",
        "CASE WHEN flag THEN 0 ELSE price END",
        "CAST(price / 3 AS DECIMAL(18,4))",
        "CAST(replace(text, ',', '') AS DECIMAL(18,4))",
        "price::DECIMAL(38,10)",
        "CAST(qty AS HUGEINT)",
        "CAST(qty AS UTINYINT)",
        "CAST(qty AS INTEGER)",
        "qty // 2",
        "1",
    ],
)
def test_money_of_decimals_and_whole_numbers_is_taken(expression: str) -> None:
    assert told("amount", expression) == []


@pytest.mark.parametrize(
    ("canonical", "expression", "says"),
    [
        ("product", "no_such_function(text)", "no_such_function does not exist"),
        ("product", "st_astext(text)", "st_astext"),
        ("product", "substr(text)", "No function matches"),
        ("order_date", "text - 1", "No function matches|Cannot|Could not"),
        ("product", "text + at", "No function matches"),
        ("product", "product(price)", "WHERE clause cannot contain aggregates"),
        ("product", "histogram(text)", "WHERE clause cannot contain aggregates"),
        ("product", "unnest([text])", "UNNEST not supported"),
        ("product", "CAST(text AS no_such_type)", "no_such_type does not exist"),
        ("line_number", "price", r"is of type DECIMAL\(18,4\); give a whole number"),
        ("line_number", "text", "is of type VARCHAR; give a whole number"),
        ("order_date", "text", "is of type VARCHAR; give a date or a timestamp"),
        ("ordered_at", "qty", "is of type BIGINT; give a date or a timestamp"),
        ("ordered_at", "text", "is of type VARCHAR; give a date or a timestamp"),
    ],
)
def test_what_duckdb_does_not_understand_is_told_for_its_column(
    canonical: str, expression: str, says: str
) -> None:
    (problem,) = told(canonical, expression)

    assert problem.startswith(f"schema.revenue.{canonical}.transformLogic: ")
    assert "\n" not in problem
    assert re.search(says, problem), problem


@pytest.mark.parametrize(
    ("canonical", "expression"),
    [
        ("order_date", "day"),
        ("order_date", "at"),
        ("order_date", "CAST(text AS DATE)"),
        ("ordered_at", "at"),
        ("ordered_at", "day"),
        ("ordered_at", "day + INTERVAL 1 HOUR"),
        ("line_number", "qty"),
        ("product", "price"),
        ("product", "text || qty"),
        ("category", "CASE WHEN flag THEN 'a' END"),
    ],
)
def test_values_that_fit_a_canonical_column_are_taken(canonical: str, expression: str) -> None:
    assert told(canonical, expression) == []


def test_several_values_in_one_expression_are_refused() -> None:
    mappings = [Mapping("amount", "COLUMNS('p.*|qty')", ("price",))]
    problems = Problems()

    check_bindings(problems, COLUMNS, mappings, ())

    assert problems.found == [
        "schema.revenue.amount.transformLogic: gives 2 values; give one expression"
    ]


@pytest.mark.parametrize(
    ("pattern", "right"),
    [
        ("[A-Z]{3}", True),
        ("(ab|cd)+", True),
        (r"\d+", True),
        ("(?!x)", False),
        (r"(a)\1", False),
        ("[", False),
        ("(", False),
    ],
)
def test_a_pattern_has_to_be_one_for_duckdb(pattern: str, right: bool) -> None:
    problems = Problems()

    check_bindings(problems, [column("text", pattern=pattern)], (), ())

    assert bool(problems.found) is not right
    for problem in problems.found:
        assert problem.startswith("schema.lines.text.logicalTypeOptions.pattern: ")
        assert "use RE2's syntax" in problem


def test_a_time_zone_that_only_python_knows_is_refused() -> None:
    problems = Problems()

    check_bindings(
        problems,
        [
            column("a", LogicalType.TIMESTAMP, time_zone="Europe/Berlin"),
            column("b", LogicalType.TIMESTAMP, time_zone="Foo/Bar"),
        ],
        (),
        (),
    )

    (problem,) = problems.found
    assert problem.startswith("schema.lines.b.logicalTypeOptions.defaultTimezone: 'Foo/Bar'")
    assert problem.endswith("use an IANA name")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT COUNT(*) FROM revenue WHERE amount < 0", None),
        ("SELECT AVG(amount) FROM revenue", None),
        ("SELECT SUM(net_amount) FROM revenue WHERE partition_date = DATE '2024-01-01'", None),
        ("SELECT COUNT(*) FILTER (WHERE line > 5) FROM revenue", None),
        ("SELECT COUNT(*) FROM revenue WHERE no_such_column = 1", '"no_such_column" not found'),
        ("SELECT MAX(product) FROM revenue", "gives VARCHAR; give one number"),
        ("SELECT * FROM revenue", "gives VARCHAR, DATE"),
        ("SELECT nosuch(amount) FROM revenue", "nosuch does not exist"),
    ],
)
def test_a_quality_query_has_to_give_a_number_of_the_canonical_rows(
    query: str, says: str | None
) -> None:
    fine = QualityRule("rows", "", None, "mustBe", (), Severity.ERROR)
    rule = QualityRule("rule", "", query, "mustBe", (), Severity.ERROR)
    problems = Problems()

    check_bindings(problems, COLUMNS, (), [fine, rule])

    if says is None:
        assert problems.found == []
    else:
        (problem,) = problems.found
        assert problem.startswith("schema.revenue.quality[1].query: ")
        assert says in problem


def test_contracts_are_checked_apart_from_each_other() -> None:
    problems = Problems()
    check_bindings(problems, [column("a")], [Mapping("product", '"a"', ("a",))], ())
    check_bindings(problems, [column("b")], [Mapping("product", '"a"', ("a",))], ())

    (problem,) = problems.found
    assert '"a" not found' in problem
