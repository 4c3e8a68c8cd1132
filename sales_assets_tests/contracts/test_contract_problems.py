"""How the mistakes of a contract are told: each with its field and the fix, all at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sales_assets.errors import ContractError
from sales_assets_tests.contracts.builders import GONE, LINES, REVENUE, changed, load, problems
from sales_assets_tests.contracts.wrong_columns import COLUMN, WRONG_COLUMNS
from sales_assets_tests.contracts.wrong_contracts import WRONG_CONTRACTS

RULE = "schema.1.quality.0"
WRONG = WRONG_CONTRACTS | WRONG_COLUMNS


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_contract_is_refused_with_its_field_and_the_fix(name: str, tmp_path: Path) -> None:
    path, value, told, fix = WRONG[name]

    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told) and fix in line], found


@pytest.mark.parametrize(
    ("logic", "told"),
    [
        ("(SELECT 1)", "sub-queries, aggregates and windows are not allowed"),
        ("SUM(price)", "sub-queries, aggregates and windows are not allowed"),
        ("SUM(price) OVER ()", "sub-queries, aggregates and windows are not allowed"),
        ("price * missing", "'missing' is not a column of the drop; it has receipt, sold_on"),
        ("price * 0 + epoch_ms(now())", "may give another value at another time"),
        ("price; DROP TABLE revenue", "has to be one SQL expression"),
        ("price AS amount", "has to be an expression without a name"),
        ("price *", "not an SQL expression"),
        ("lines.price", "name the column without a table"),
    ],
)
def test_an_expression_that_is_no_plain_one_is_refused(
    logic: str, told: str, tmp_path: Path
) -> None:
    (found,) = (
        line
        for line in problems(tmp_path, changed(f"{REVENUE}.3.transformLogic", logic))
        if line.startswith("schema.revenue.amount.transformLogic")
    )

    assert told in found


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("servers.0.formatt", "csv", "servers[0]: Unevaluated properties are not allowed"),
        ("version", GONE, "the contract: 'version' is a required property"),
        (f"{COLUMN}.required", "yes", "schema[0].properties[3].required: 'yes' is not of type"),
        (f"{COLUMN}.logicalType", GONE, "schema[0].properties[3]: logicalType is missing; give"),
        (f"{COLUMN}.logicalType", "varchar", "schema[0].properties[3].logicalType: 'varchar'"),
        (f"{RULE}.mustBe", GONE, "schema[1].quality[0]"),
    ],
)
def test_what_the_standard_refuses_is_told_with_its_field(
    path: str, value: Any, told: str, tmp_path: Path
) -> None:
    found = problems(tmp_path, changed(path, value))

    assert [line for line in found if line.startswith(told)], found


def test_all_problems_of_a_contract_are_told_at_once(tmp_path: Path) -> None:
    wrong = changed("name", "Till")
    for path, value in (
        ("servers.0.format", "json"),
        (f"{LINES}.0.partitioned", True),
        (f"{REVENUE}.3.transformLogic", "price / 3"),
        (f"{REVENUE}.4.transformLogic", "no_such_function(price)"),
        ("customProperties.1.value.start", "yesterday"),
        (f"{RULE}.query", "SELECT COUNT(*) FROM ${object} WHERE no_such_column = 1"),
        ("slaProperties.0.unit", "h"),
    ):
        wrong = changed(path, value, wrong)

    fields = {line.split(":")[0] for line in problems(tmp_path, wrong)}

    assert fields == {
        "name",
        "servers[0].format",
        "schema.lines.receipt.partitioned",
        "schema.revenue.amount.transformLogic",
        "schema.revenue.net_amount.transformLogic",
        "customProperties.history.start",
        "schema.revenue.quality[0].query",
        "slaProperties[0].unit",
    }


def test_a_column_that_says_the_day_needs_a_rule_for_drops_that_share_one(tmp_path: Path) -> None:
    with pytest.raises(ContractError) as caught:
        load(tmp_path, changed("customProperties.0.value", {"column": "sold_on"}))

    (told,) = str(caught.value).splitlines()[1:]
    assert "customProperties.overlappingDrops: is missing; give latest" in told
    assert "or union (their lines add up)" in told
