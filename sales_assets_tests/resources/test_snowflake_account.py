"""What only a real Snowflake can show; the contract of all warehouses is run on it too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_assets.errors import SalesAssetsError
from sales_assets_tests.harness import SAMPLE, Installation
from sales_assets_tests.resources.staged import ONE, SHOP, Stage
from sales_assets_tests.snowflake.account import account_settings, account_warehouse

pytestmark = [pytest.mark.long, pytest.mark.snowflake]


def test_the_history_of_queries_tells_by_their_tags_what_sent_them(
    tmp_path: Path, stage: Stage
) -> None:
    warehouse = account_warehouse(tmp_path)
    warehouse.replace(SHOP, [stage(ONE, 3, 1)])
    tags = warehouse.rows(
        "SELECT DISTINCT query_tag FROM TABLE(information_schema.query_history_by_user()) "
        "WHERE query_text ILIKE 'INSERT INTO main.revenue%'"
    )
    assert [json.loads(tag)["app"] for (tag,) in tags] == ["sales_assets"]


def test_a_statement_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    warehouse = account_warehouse(tmp_path).model_copy(update={"statement_timeout": 2})
    with pytest.raises(SalesAssetsError, match="timeout"):
        warehouse.rows("SELECT SYSTEM$WAIT(30)")


def test_a_year_gives_the_tables_of_the_embedded_warehouse(tmp_path: Path) -> None:
    account_warehouse(tmp_path / "empty")
    found = []
    for name, settings in (("embedded", {}), ("account", account_settings())):
        with Installation(
            tmp_path / name,
            dbt_prepared_path=tmp_path / "prepared" if settings else None,
            **settings,
        ) as installation:
            installation.land("global_sales", SAMPLE / "global_sales.csv.gz")
            installation.materialize("2021-01-01", "2021-12-31", ["global_sales"])
            found.append(installation.tables())
    embedded, account = found
    assert account == embedded
