"""From a number on a mart to the lines of the files behind it, and back."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales_assets.errors import UsageError
from sales_assets.resources.build import build_warehouse
from sales_assets.resources.warehouse import Warehouse
from sales_assets.tracing import Answer, behind, fate
from sales_assets_tests.harness import SHOP, TILL, Installation, drop

FIRST = "tests/shop/2024-01-01.csv"
MANY = "tests/till/all.csv"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("traced"), [SHOP, TILL]) as made:
        lines = ["1,2024-01-01,tea,ann,1.25", "1,2024-01-01,jam,ann,2", "2,2024-01-01,tea,bo,x"]
        made.write_drop("shop", "2024-01-01.csv", drop(*lines) + "\n3,2023-12-31,tea,bo,4\n")
        made.write_drop("till", "all.csv", drop("7,2024-01-01,tea,cy,8", "8,2024-01-02,tea,cy,16"))
        made.materialize("2024-01-01", "2024-01-02")
        yield made


@pytest.fixture(scope="module")
def warehouse(installation: Installation) -> Warehouse:
    return build_warehouse(installation.settings)


def lines(answer: Answer) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in answer.rows]


def column(answer: Answer, name: str) -> list[Any]:
    return [row[list(answer.names).index(name)] for row in answer.rows]


def test_a_day_of_a_mart_is_made_of_the_lines_that_are_told(
    installation: Installation, warehouse: Warehouse
) -> None:
    found = behind(warehouse, limit=50, source="tests/shop", day=date(2024, 1, 1))

    assert lines(found) == [(FIRST, 2), (FIRST, 3)]
    [(mart,)] = installation.query(
        "SELECT net_revenue FROM daily_revenue "
        "WHERE source = 'tests/shop' AND order_date = '2024-01-01'"
    )
    assert sum(column(found, "net_amount")) == mart == Decimal("3.25")
    assert sum(column(found, "reporting_net_amount")) == mart
    assert found.told == "2 lines, net amount 3.25 EUR; 2 are shown."


def test_a_late_line_is_behind_the_day_of_its_order_not_of_its_drop(warehouse: Warehouse) -> None:
    found = behind(warehouse, limit=50, day=date(2023, 12, 31))

    assert lines(found) == [(FIRST, 6)]
    assert column(found, "partition_date") == [date(2024, 1, 1)]


def test_a_product_of_all_sources_and_an_order_are_found(warehouse: Warehouse) -> None:
    tea = behind(warehouse, limit=2, product="tea")

    assert lines(tea) == [(FIRST, 2), (FIRST, 6)]
    assert tea.told == "4 lines, net amount 29.25 EUR; 2 are shown."
    assert lines(behind(warehouse, limit=50, order="7")) == [(MANY, 2)]
    assert lines(behind(warehouse, limit=50, order="7", source="tests/shop")) == []
    assert lines(behind(warehouse, limit=50, product="tea' OR '1' = '1")) == []


def test_lines_of_other_currencies_are_shown_with_their_rates_and_what_they_come_to(
    tmp_path: Path,
) -> None:
    with Installation(tmp_path / "home", [SHOP], reporting_currency="USD") as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,10"))
        made.write_drop("shop", "2024-01-03.csv", drop("2,2024-01-03,tea,ann,5"))
        made.materialize("2024-01-01", "2024-01-03")
        found = behind(build_warehouse(made.settings), limit=1, product="tea")
        [(total,)] = made.query("SELECT sum(reporting_net_revenue) FROM daily_revenue")

        assert column(found, "reporting_net_amount") == [Decimal("11.05")]
        assert column(found, "rate_date") == [date(2023, 12, 29)]
        assert f"net amount 15.00 EUR, in all {round(total, 2)} USD; 1 are shown" in found.told

        # A line that was loaded anew has no amount in the marts yet.
        made.write_drop("shop", "2024-01-03.csv", drop("2,2024-01-03,tea,ann,6"))
        made.materialize("2024-01-03", "2024-01-03", marts=False)
        found = behind(build_warehouse(made.settings), limit=9, product="tea")

        assert column(found, "reporting_net_amount") == [Decimal("11.05"), None]
        assert found.told == "2 lines, net amount 16.00 EUR; 2 are shown."


def test_lines_are_shown_before_there_are_marts(tmp_path: Path) -> None:
    with Installation(tmp_path / "home", [SHOP]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,10"))
        made.materialize("2024-01-01", "2024-01-01", marts=False)
        found = behind(build_warehouse(made.settings), limit=9, product="tea")

        assert lines(found) == [(FIRST, 2)]
        assert column(found, "reporting_net_amount") == column(found, "rate_date") == [None]
        assert found.told == "1 lines, net amount 10.00 EUR; 1 are shown."


def test_a_question_for_everything_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match="give --day, --product, --order or --region"):
        behind(warehouse, limit=50, source="tests/shop")


@pytest.mark.parametrize(
    ("place", "became", "reasons"),
    [
        (f"{FIRST}:2", "accepted", None),
        ("2024-01-01.csv:3", "accepted", None),
        ("shop/2024-01-01.csv:4", "rejected", "price: 'x' is no number with at most 4 decimals"),
        (f"{FIRST}:5", "no row", None),
        (f"{FIRST}:1", "no row", None),
        (f"{FIRST}:99", "no row", None),
    ],
)
def test_a_line_is_told_what_became_of_it(
    warehouse: Warehouse, place: str, became: str, reasons: str | None
) -> None:
    found = fate(warehouse, place)

    assert lines(found) == [(FIRST, int(place.rpartition(":")[2]))]
    assert column(found, "became")[0].startswith(became)
    assert column(found, "reasons") == [reasons]


def test_a_line_of_a_file_in_an_archive_is_found_by_the_file_s_own_name(tmp_path: Path) -> None:
    with Installation(tmp_path / "home", [SHOP]) as made:
        file = tmp_path / "2024-01-01.csv.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a/2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.land("shop", file)
        made.materialize("2024-01-01", "2024-01-01", marts=False)
        warehouse = build_warehouse(made.settings)

        (found,) = lines(fate(warehouse, "2024-01-01.csv.zip/a/2024-01-01.csv:2"))

        assert found == ("tests/shop/2024-01-01.csv.zip/a/2024-01-01.csv", 2)
        assert column(fate(warehouse, f"{found[0]}:2"), "became") == ["accepted"]


@pytest.mark.parametrize("place", ["sales.csv", "sales.csv:x", ":3", "sales.csv:-1"])
def test_a_place_of_another_form_is_refused(warehouse: Warehouse, place: str) -> None:
    with pytest.raises(UsageError, match="FILE:LINE"):
        fate(warehouse, place)


def test_a_file_of_which_nothing_is_loaded_is_told(warehouse: Warehouse) -> None:
    with pytest.raises(UsageError, match="no line of such a file is loaded"):
        fate(warehouse, "other.csv:2")
