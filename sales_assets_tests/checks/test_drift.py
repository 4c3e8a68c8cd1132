"""Columns that come without anybody having described them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.checks.drift import COLUMNS_DESCRIBED, columns_described
from sales_assets_tests.harness import HEADER, SHOP, Installation, drop

KEY = dg.AssetKey(["tests", "shop", "raw"])
GOOD = drop("1,2024-01-01,tea,ann,1")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        yield made


def test_a_column_that_was_added_warns_with_its_file_and_the_day_is_loaded(
    shop: Installation,
) -> None:
    shop.write_drop("shop", "2024-01-01.csv", GOOD)
    more = f"shelf,{HEADER}\n9,2,2024-01-02,tea,ann,2\n"
    shop.write_drop("shop", "2024-01-02.csv", more)

    done = shop.materialize("2024-01-01", "2024-01-02", marts=False)

    (check,) = [
        found
        for found in done.get_asset_check_evaluations()
        if found.check_name == COLUMNS_DESCRIBED
    ]
    assert not check.passed
    assert check.severity is dg.AssetCheckSeverity.WARN
    assert check.metadata["days"].value == "- **tests/shop/2024-01-02.csv**: 'shelf'"
    assert shop.query("SELECT sum(amount) FROM revenue") == [(3,)]


def test_described_columns_in_any_order_and_one_without_a_name_are_no_drift(
    shop: Installation,
) -> None:
    contract = shop.contracts["shop"]
    names = ["", *reversed(contract.required_headers)]

    assert columns_described(KEY, contract, {"a.csv": names, "b.csv": names[1:]}).passed


def test_the_same_column_of_two_files_is_told_for_both(shop: Installation) -> None:
    headers = {file: [*shop.contracts["shop"].required_headers, "x"] for file in ("a", "b")}

    found = columns_described(KEY, shop.contracts["shop"], headers)

    assert found.metadata["wrong_days"].value == 2
