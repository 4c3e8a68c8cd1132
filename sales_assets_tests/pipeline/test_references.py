"""A price list that changes: all days follow, and equal a build from scratch."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from sales_assets.checking import check_file
from sales_assets.errors import UsageError
from sales_assets.landing import land_file
from sales_assets.tracing import fate
from sales_assets_tests.automation.test_landing import spans, tick
from sales_assets_tests.harness import TILL, Installation, drop

FIRST, LAST = "2024-01-01", "2024-01-03"
SALES = ["1,2024-01-01,tea,ann,2", "2,2024-01-02,pot,bob,1", "3,2024-01-02,cup,bob,1"]
LIST = """item,price
tea,1.50
pot,40
"""
REFERENCE = """
  - name: products
    physicalType: file
    physicalName: tests/till/products*.csv
    properties:
      - {name: item, logicalType: string, required: true, primaryKey: true}
      - {name: price, logicalType: number, required: true}
"""


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """The till whose column `price` is a number of units, priced by a list."""
    text = TILL.read_text()
    link = "relationships: [{type: foreignKey, to: products.item}], description: What was sold.}"
    text = text.replace("description: What was sold.}", link)
    text = text.replace("transformLogic: price}", "transformLogic: price * products.price}")
    path = tmp_path / TILL.name
    path.write_text(text + REFERENCE)
    return path


@pytest.fixture
def till(tmp_path: Path, contract: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [contract], settle_seconds=5) as made:
        write(made, "sales.csv", drop(*SALES), 100)
        yield made


def write(made: Installation, name: str, text: str, age: float) -> Path:
    path = made.write_drop("till", name, text)
    os.utime(path, (time.time() - age,) * 2)
    return path


def amounts(made: Installation) -> list[tuple[str, str]]:
    return [
        (product, str(amount))
        for product, amount in made.query("SELECT product, amount FROM revenue ORDER BY line")
    ]


def test_a_changed_price_list_makes_all_days_due_and_they_equal_a_build_from_scratch(
    till: Installation, contract: Path, tmp_path: Path
) -> None:
    write(till, "products.csv", LIST, 90)
    till.materialize(FIRST, LAST)
    assert amounts(till) == [("tea", "3.0000"), ("pot", "40.0000")]
    assert till.query("SELECT reasons FROM rejected") == [
        (["item: 'cup' is not in products (tests/till/products*.csv)"],)
    ]
    first = tick(till, None)
    assert isinstance(first, dg.SensorResult)
    assert first.run_requests == []

    write(till, "products_2.csv", LIST.replace("1.50", "2") + "cup,5\n", 60)
    asked = tick(till, first.cursor)
    assert spans(asked) == [("till", "2024-01-01", "2024-01-02")]
    till.materialize(FIRST, LAST)

    assert amounts(till) == [("tea", "4.0000"), ("pot", "40.0000"), ("cup", "5.0000")]
    with Installation(tmp_path / "scratch", [contract]) as scratch:
        shutil.copytree(till.settings.landing_folder, scratch.settings.landing_folder)
        scratch.materialize(FIRST, LAST)
        assert till.tables() == scratch.tables()


def test_days_wait_for_a_reference_that_is_missing_or_wrong_and_say_why(
    till: Installation,
) -> None:
    def run() -> str:
        done = till.materialize(FIRST, LAST, marts=False, raise_on_error=False)
        failed = [event for event in done.all_node_events if event.is_step_failure]
        told = failed[0].step_failure_data.error if failed else None
        return str(told.cause or told) if told else ""

    assert "tests/till/products*.csv: is not in the landing zone" in run()
    write(till, "products.csv", LIST + "cup,dear\n", 90)
    reason = run()
    assert "tests/till/products.csv: is refused whole as the reference products" in reason
    assert "line 4: price: 'dear' is no" in reason
    first = tick(till, None)
    assert isinstance(first, dg.SensorResult)
    write(till, "products.csv", LIST + "cup,9\n", 60)
    assert spans(tick(till, first.cursor)) == [("till", "2024-01-01", "2024-01-02")]
    assert run() == ""
    assert len(amounts(till)) == 3


def test_the_raw_asset_names_the_reference_with_its_hash(till: Installation) -> None:
    write(till, "products.csv", LIST, 90)
    done = till.materialize("2024-01-01", "2024-01-01", layers=["raw"], marts=False, rates=False)

    [event] = done.get_asset_materialization_events()
    metadata = event.materialization.metadata
    assert metadata["files"].value == "tests/till/sales.csv"
    assert str(metadata["references"].value).startswith("products: tests/till/products.csv (")
    [check] = [c for c in done.get_asset_check_evaluations() if c.check_name == "columns_described"]
    assert check.passed


def test_checking_a_file_takes_the_reference_that_lies_there_or_the_one_that_is_given(
    till: Installation, tmp_path: Path
) -> None:
    write(till, "products.csv", LIST, 90)
    other = tmp_path / "other.csv"
    other.write_text("item,price\ntea,1\npot,1\ncup,1\n")
    sales = till.settings.landing_folder / "tests/till/sales.csv"
    contract = till.contracts["till"]

    assert check_file(till.settings, contract, sales).rejected == 1
    assert check_file(till.settings, contract, sales, [other]).rejected == 0


def test_a_reference_in_a_folder_of_its_own_does_not_take_the_drops_that_are_landed(
    tmp_path: Path, contract: Path
) -> None:
    contract.write_text(contract.read_text().replace("tests/till/products*", "tests/prices/*"))
    with Installation(tmp_path / "other", [contract]) as made:
        file = tmp_path / "sales.csv"
        file.write_text(drop(*SALES))
        assert land_file(made.settings, file, "till").file == "tests/till/sales.csv"


def test_a_line_of_a_reference_is_no_line_that_became_something(till: Installation) -> None:
    write(till, "products.csv", LIST, 90)
    till.materialize(FIRST, LAST, marts=False)
    warehouse = till.resources["warehouse"]

    assert [row[2] for row in fate(warehouse, "sales.csv:2").rows] == ["accepted"]
    with pytest.raises(UsageError, match="no line of such a file is loaded"):
        fate(warehouse, "products.csv:2")


def test_landing_a_reference_puts_it_where_the_contract_says(
    till: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text(LIST)
    till.land("till", file)

    till.materialize(FIRST, LAST, marts=False)
    assert len(amounts(till)) == 2
