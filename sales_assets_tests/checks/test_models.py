"""A dbt test says what it expects, how many rows break it, and how to see them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from sales_assets.checks.models import told_in_sentences
from sales_assets_tests.harness import SHOP, Installation, drop

DAY = "2024-01-01"
SOUND = dg.AssetCheckKey(dg.AssetKey(["marts", "daily_revenue"]), "daily_revenue_is_sound")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        yield made


def test_the_rows_that_break_a_test_are_counted_and_seen_by_the_sql_that_it_shows(
    shop: Installation,
) -> None:
    shop.write_drop("shop", f"{DAY}.csv", drop(f"1,{DAY},tea,ann,1"))
    [sound] = [
        check
        for check in shop.materialize(DAY, DAY).get_asset_check_evaluations()
        if check.check_name == SOUND.name
    ]
    assert str(sound.description).startswith("Expected: No key twice, gross less returned is net")
    assert str(sound.description).endswith("Found: 0 rows against it.")
    assert "sql" not in sound.metadata

    with duckdb.connect(str(shop.settings.warehouse_file)) as connection:
        connection.execute("UPDATE marts.daily_revenue SET gross_revenue = 7")
    job = shop.definitions.resolve_implicit_global_asset_job_def()
    alone = job.get_subset(asset_check_selection={SOUND})
    result = alone.execute_in_process(instance=shop.instance, raise_on_error=False)
    [found] = result.get_asset_check_evaluations()

    assert not found.passed
    sql = str(found.metadata["sql"].value).removeprefix("```sql\n").removesuffix("\n```")
    rows = shop.query(sql)
    assert rows
    assert found.metadata["found"].value == f"{len(rows)} rows against it"
    assert "with `sales-assets query`" in str(found.metadata["to_do"].value)
    assert str(found.metadata["to_do"].value) in str(found.description)


def test_a_test_whose_sql_failed_says_that_nothing_is_known(tmp_path: Path) -> None:
    test = {
        "name": "odd",
        "description": "",
        "package_name": "sales",
        "original_file_path": "tests/odd.sql",
        "path": "odd.sql",
    }
    failed = dg.AssetCheckResult(passed=False, metadata={"unique_id": "test.odd"})
    found = told_in_sentences(failed, {"nodes": {"test.odd": test}}, tmp_path)
    assert found.description == (
        "Expected: The dbt test odd finds no row. "
        "Found: the test's SQL failed, so nothing is known. "
        "To do: Look at the run's log for what the warehouse said."
    )
