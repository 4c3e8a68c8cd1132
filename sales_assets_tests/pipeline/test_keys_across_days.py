"""A key that is unique across days, from the drops to the marts and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sales_assets_tests.harness import SHOP, Installation, drop

ONE, TWO, THREE = "2024-01-01", "2024-01-02", "2024-01-03"
REVENUE = dg.AssetKey(["tests", "shop", "revenue"])
DAYS = {
    ONE: ["a1,2024-01-01,tea,ann,3.10", "a2,2024-01-01,cup,bob,12"],
    TWO: ["b1,2023-12-20,tea,cid,3.20", "a2,2023-12-24,pot,eve,40.5"],
    THREE: ["b1,2024-01-03,tea,fay,7"],
}


@contextmanager
def keyed(home: Path, rule: str, limit: int = 100) -> Iterator[Installation]:
    content = yaml.safe_load(SHOP.read_text())
    lines = content["schema"][0]
    lines["properties"][0]["primaryKey"] = True
    lines["customProperties"] = [{"property": "uniqueAcrossDays", "value": rule}]
    lines["quality"] = [
        {"metric": "invalidValues", "unit": "percent", "mustBeLessOrEqualTo": limit}
    ]
    content["slaProperties"] = [{"property": "latency", "value": 30, "unit": "d"}]
    home.mkdir()
    file = home / SHOP.name
    file.write_text(yaml.safe_dump(content))
    with Installation(home, [file]) as made:
        for day, lines in DAYS.items():
            made.write_drop("shop", f"shop_{day}.csv", drop(*lines))
        yield made


@pytest.mark.parametrize(
    ("rule", "orders"),
    [
        ("earliest", [(ONE, "a1"), (ONE, "a2"), (TWO, "b1")]),
        ("latest", [(ONE, "a1"), (TWO, "a2"), (THREE, "b1")]),
    ],
)
def test_days_in_any_order_give_the_marts_of_one_range(
    tmp_path: Path, rule: str, orders: list[tuple[str, str]]
) -> None:
    with keyed(tmp_path / "one", rule) as one, keyed(tmp_path / "other", rule) as other:
        one.materialize(ONE, THREE)
        for day in (TWO, ONE, THREE, ONE):
            assert other.materialize(day, day).success
        expected = one.tables()
        assert other.tables() == expected
        assert [
            (str(day), order)
            for day, order in other.query(
                "SELECT partition_date, order_id FROM fct_sales ORDER BY ALL"
            )
        ] == orders
        assert len(expected["main.rejected"]) == 2


def test_a_line_comes_back_to_the_marts_when_the_one_that_counted_goes(tmp_path: Path) -> None:
    with keyed(tmp_path / "home", "earliest") as made, keyed(tmp_path / "new", "earliest") as new:
        made.materialize(ONE, THREE)
        for installation in (made, new):
            installation.write_drop("shop", f"shop_{ONE}.csv", drop("a9,2024-01-01,tea,ann,1"))
            (installation.settings.landing_folder / f"tests/shop/shop_{TWO}.csv").unlink()
        assert made.materialize(ONE, TWO).success
        new.materialize(ONE, THREE)

        assert made.tables() == new.tables()
        assert made.query("SELECT order_id FROM fct_sales ORDER BY 1") == [("a9",), ("b1",)]


def test_a_day_that_another_day_s_load_changed_is_recorded_with_its_new_counts(
    tmp_path: Path,
) -> None:
    with keyed(tmp_path / "home", "earliest") as made:
        made.materialize(TWO, TWO)
        result = made.materialize(ONE, ONE)

        rows = {
            found.partition: found.metadata["dagster/partition_row_count"].value
            for record in made.instance.fetch_materializations(
                dg.AssetRecordsFilter(REVENUE, asset_partitions=[ONE, TWO]), limit=2
            ).records
            if (found := record.asset_materialization) is not None
        }
        assert rows == {ONE: 2, TWO: 1}
        checks = result.get_asset_check_evaluations()
        assert checks
        assert all(check.passed for check in checks if check.asset_key == REVENUE)


def test_a_limit_of_rejected_lines_holds_for_days_that_another_load_changed(
    tmp_path: Path,
) -> None:
    with keyed(tmp_path / "home", "earliest", limit=40) as made:
        assert made.materialize(TWO, TWO).success
        result = made.materialize(ONE, ONE, raise_on_error=False)

        (found,) = [
            check
            for check in result.get_asset_check_evaluations()
            if check.check_name == "rejected_in_limits"
        ]
        assert not found.passed
        assert TWO in str(found.metadata["days"].value)
        assert not result.success
