"""What a contract may say of keys, of rules and limits of lines, and of the quality of revenue."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_assets.contracts.model import LineRule
from sales_assets.contracts.quality import QualityRule, Severity
from sales_assets_tests.contracts.builders import (
    LINES,
    REVENUE,
    TILL,
    changed,
    load,
    problems,
)

RULE = "schema.1.quality.0"
WRONG: dict[str, tuple[str, Any, str, str]] = {
    # name: (path, value, the field that is told, the fix)
    "a primary key that may be blank": (
        f"{LINES}.2.primaryKey",
        True,
        "schema.lines.qty.primaryKey: is of a column that may be blank",
        "add required: true",
    ),
    "a unique canonical column": (
        f"{REVENUE}.0.unique",
        True,
        "schema.revenue.order_id.unique: is not enforced",
        "say it of a column of schema.lines",
    ),
    "a rule of lines that warns": (
        "schema.0.quality",
        [
            {
                "name": "sound",
                "type": "sql",
                "query": "SELECT COUNT(*) FROM ${object} WHERE qty < 0",
                "mustBe": 0,
                "severity": "warning",
            }
        ],
        "schema.lines.quality[0].severity: is 'warning', but a line that breaks the rule",
        "move the rule to schema.revenue",
    ),
    "a metric of lines that is none of theirs": (
        "schema.0.quality",
        [{"metric": "rowCount", "mustBeLessThan": 5}],
        "schema.lines.quality[0]: is not checked here",
        "use metric: invalidValues, or type: sql",
    ),
    "a limit that is no share": (
        "schema.0.quality",
        [{"metric": "invalidValues", "mustBeLessThan": 5}],
        "schema.lines.quality[0].unit: is 'None'",
        "use unit: percent",
    ),
    "a limit above all lines": (
        "schema.0.quality",
        [{"metric": "invalidValues", "unit": "percent", "mustBeLessThan": 101}],
        "schema.lines.quality[0].mustBeLessThan: is 101",
        "give a number up to 100",
    ),
    "a limit from below": (
        "schema.0.quality",
        [{"metric": "invalidValues", "unit": "percent", "mustBeGreaterThan": 5}],
        "schema.lines.quality[0]: has no limit",
        "use mustBeLessOrEqualTo",
    ),
    "two limits of one severity": (
        "schema.0.quality",
        [
            {"metric": "invalidValues", "unit": "percent", "mustBeLessThan": 5},
            {"metric": "invalidValues", "unit": "percent", "mustBeLessThan": 6},
        ],
        "schema.lines.quality[1]: is the second limit that is a error",
        "keep one",
    ),
    "a rule of lines that does not say which": (
        "schema.0.quality",
        [{"name": "sound", "type": "sql", "query": "SELECT SUM(qty) FROM lines", "mustBe": 0}],
        "schema.lines.quality[0].query: does not say which lines it counts",
        "SELECT COUNT(*) FROM ${object} WHERE",
    ),
    "a rule of lines that DuckDB does not understand": (
        "schema.0.quality",
        [
            {
                "name": "sound",
                "type": "sql",
                "query": "SELECT COUNT(*) FROM ${object} WHERE no_such_function(qty) > 0",
                "mustBe": 0,
            }
        ],
        "schema.lines.quality.sound.query: Catalog Error",
        "write the condition in DuckDB's SQL",
    ),
    "a rule with the name of a check that is there anyway": (
        f"{RULE}.name",
        "lines_reconcile",
        "schema.revenue.quality[0].name: 'lines_reconcile' is a check of every source",
        "name it otherwise",
    ),
    "an unknown severity": (
        f"{RULE}.severity",
        "fatal",
        "schema.revenue.quality[0].severity: is 'fatal'",
        "use error or warning",
    ),
    "a rule of a kind that is not checked": (
        RULE,
        {"name": "text_rule", "type": "text", "description": "is nice"},
        "schema.revenue.quality[0]: is not checked here",
        "use type: sql, or metric: rowCount",
    ),
    "a metric that is not checked": (
        RULE,
        {"name": "nulls", "type": "library", "metric": "nullValues", "mustBe": 0},
        "schema.revenue.quality[0]: is not checked here",
        "use type: sql, or metric: rowCount",
    ),
    "a rule that compares with a text": (
        f"{RULE}.mustBe",
        "none",
        "schema.revenue.quality[0].mustBe: is 'none'",
        "give a number",
    ),
    "a rule that compares with a truth": (
        f"{RULE}.mustBe",
        True,
        "schema.revenue.quality[0].mustBe: is True",
        "give a number",
    ),
    "two rules of one name": (
        "schema.1.quality.+",
        TILL["schema"][1]["quality"][0],
        "schema.revenue.quality[1].name: 'no_negative_amounts' is there twice",
        "name it otherwise",
    ),
    "a rule of two statements": (
        f"{RULE}.query",
        "SELECT 1; SELECT 2",
        "schema.revenue.quality[0].query: has to be one SELECT",
        "count what is wrong",
    ),
    "a rule that reads another table": (
        f"{RULE}.query",
        "SELECT COUNT(*) FROM ${object} JOIN customers USING (customer_id)",
        "schema.revenue.quality[0].query: 'customers' cannot be read here",
        "count what is wrong",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_refused_with_its_field_and_the_fix(name: str, tmp_path: Path) -> None:
    path, value, told, fix = WRONG[name]

    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told) and fix in line], found


def test_keys_and_rules_of_lines_are_what_the_contract_says(tmp_path: Path) -> None:
    content = changed(f"{LINES}.0.primaryKey", True)
    content = changed(f"{LINES}.1.primaryKey", True, content)
    content = changed(f"{LINES}.0.primaryKeyPosition", 2, content)
    content = changed(f"{LINES}.1.primaryKeyPosition", 1, content)
    content = changed(f"{LINES}.2.unique", True, content)
    rule = {
        "name": "few",
        "type": "sql",
        "query": "SELECT COUNT(*) FROM ${object} WHERE qty > 9",
        "mustBe": 0,
    }
    content = changed("schema.0.quality", [rule], content)

    till = load(tmp_path, content)

    assert till.keys == (("sold_on", "receipt"), ("qty",))
    assert till.line_rules == (LineRule("few", "few", '"qty" > 9', ("qty",)),)
    assert till.digest != load(tmp_path, TILL).digest


@pytest.mark.parametrize(
    ("operator", "expected", "holds", "breaks"),
    [
        ("mustBe", ["5"], ["5", "5.0"], ["4", "6"]),
        ("mustNotBe", ["5"], ["4", "6"], ["5"]),
        ("mustBeGreaterThan", ["5"], ["5.1"], ["5", "4"]),
        ("mustBeGreaterOrEqualTo", ["5"], ["5", "6"], ["4.9"]),
        ("mustBeLessThan", ["5"], ["4.9"], ["5", "6"]),
        ("mustBeLessOrEqualTo", ["5"], ["5", "4"], ["5.1"]),
        ("mustBeBetween", ["1", "5"], ["1", "3", "5"], ["0.9", "5.1"]),
        ("mustNotBeBetween", ["1", "5"], ["0.9", "5.1"], ["1", "3", "5"]),
    ],
)
def test_a_quality_rule_compares_as_the_standard_says(
    operator: str, expected: list[str], holds: list[str], breaks: list[str]
) -> None:
    rule = QualityRule("rule", "", None, operator, tuple(map(Decimal, expected)), Severity.ERROR)

    assert all(rule.holds(Decimal(number)) for number in holds)
    assert not any(rule.holds(Decimal(number)) for number in breaks)


def test_every_comparison_of_the_standard_loads(tmp_path: Path) -> None:
    base = TILL["schema"][1]["quality"][0]
    rules = [
        {
            **{k: v for k, v in base.items() if k != "mustBe"},
            "name": f"rule{n}",
            operator: [1, 5] if operator.endswith("Between") else 5,
        }
        for n, operator in enumerate(
            (
                "mustBe",
                "mustNotBe",
                "mustBeGreaterThan",
                "mustBeGreaterOrEqualTo",
                "mustBeLessThan",
                "mustBeLessOrEqualTo",
                "mustBeBetween",
                "mustNotBeBetween",
            )
        )
    ]

    loaded = load(tmp_path, changed("schema.1.quality", rules)).quality

    assert [rule.operator for rule in loaded] == [list(rule)[-1] for rule in rules]
    assert [len(rule.expected) for rule in loaded] == [1] * 6 + [2] * 2


def test_a_row_count_rule_has_no_query(tmp_path: Path) -> None:
    rule = {"name": "some_rows", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}

    (loaded,) = load(tmp_path, changed("schema.1.quality", [rule])).quality

    assert loaded.query is None
    assert loaded.severity is Severity.ERROR
    assert loaded.holds(1)
    assert not loaded.holds(0)
