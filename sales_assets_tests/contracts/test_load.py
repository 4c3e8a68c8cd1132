"""What a valid contract's file says, and which files of a folder are contracts."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sales_assets.contracts.days import DayFromColumn, DayFromFileName, Overlap
from sales_assets.contracts.load import load_contract, load_contracts
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.quality import QualityRule, Severity
from sales_assets.errors import ContractError
from sales_assets_tests.contracts.builders import (
    PROJECT,
    TILL,
    changed,
    load,
    write_contract,
)

SOURCES = PROJECT / "sales_assets" / "sources"
UCI = PROJECT / "sales_assets_tests" / "data" / "uci_online_retail.odcs.yaml"


def test_the_pizzeria_says_that_a_column_of_the_file_tells_the_day() -> None:
    pizza = load_contract(SOURCES / "pizzaplace.odcs.yaml")

    assert pizza.name == "retail/pizzaplace"
    assert pizza.title == "Pizzeria till"
    assert pizza.day == DayFromColumn("date")
    assert pizza.overlap is Overlap.LATEST
    assert (pizza.history.start, pizza.history.end) == (date(2015, 1, 1), date(2016, 1, 1))
    assert not pizza.calendar.expects(date(2015, 12, 25))
    assert pizza.calendar.expects(date(2015, 12, 26))
    assert pizza.owners == ("retail-data@example.com",)
    assert pizza.column("size").enum == ("S", "M", "L", "XL", "XXL")
    assert pizza.column("price").exclusive_minimum == "0"
    assert {m.name for m in pizza.mappings if not m.sources} == {"quantity", "currency", "kind"}


def test_global_sales_keeps_headers_that_clash_with_canonical_columns() -> None:
    orders = load_contract(SOURCES / "global_sales.odcs.yaml")

    assert orders.column("csv_quantity").header == "quantity"
    assert orders.column("email").classification == "personal"
    assert orders.day == DayFromColumn("timestamp")
    assert [rule.name for rule in orders.quality] == [
        "returns_bring_nothing",
        "amounts_are_positive",
    ]
    assert all(rule.severity is Severity.ERROR for rule in orders.quality)
    assert {column.name for column in orders.extra_columns} >= {"email", "tax", "sales_region"}


def test_the_web_shop_says_that_the_name_of_the_file_tells_the_day() -> None:
    shop = load_contract(UCI)

    assert isinstance(shop.day, DayFromFileName)
    assert shop.overlap is Overlap.UNION
    assert not shop.calendar.expects(date(2010, 12, 4))  # a Saturday
    assert shop.column("invoice_no").header == "InvoiceNo"
    assert shop.late_tolerance == timedelta(0)


def test_a_valid_contract_says_what_it_says(tmp_path: Path) -> None:
    till = load(tmp_path, TILL)

    assert (till.team, till.source, till.version, till.title) == ("shop", "till", "1.2.0", "till")
    assert till.late_tolerance == timedelta(days=2)
    assert till.column("qty").type is LogicalType.INTEGER
    assert till.required_headers == ("receipt", "sold_on", "Quantity", "price", "state")
    assert till.column("sold_on").formats == ("yyyy-MM-dd",)
    assert till.calendar.weekdays == {1, 6}
    amount = next(mapping for mapping in till.mappings if mapping.name == "amount")
    assert amount.sources == ("qty", "price")
    assert till.quality == (
        QualityRule(
            "no_negative_amounts",
            "no negative amounts",
            "SELECT COUNT(*) FROM revenue WHERE amount < 0",
            "mustBe",
            (Decimal(0),),
            Severity.ERROR,
        ),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [1", "not a YAML file"),
        ("a: 1\na: 2\n", "'a' is there twice"),
        ("- 1\n- 2\n", "an ODCS v3 file is a YAML mapping"),
        ("", "an ODCS v3 file is a YAML mapping"),
        ("apiVersion: v2.2.2\n", "apiVersion is 'v2.2.2'; write apiVersion: v3.1.0"),
        ("kind: DataContract\n", "apiVersion is ''; write apiVersion: v3.1.0"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(text: str, told: str, tmp_path: Path) -> None:
    file = write_contract(tmp_path, text)

    with pytest.raises(ContractError, match=re.escape(told)) as caught:
        load_contract(file)

    assert str(caught.value).startswith(f"{file}: ")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "till.odcs.yaml"
    file.write_bytes(b"\xff\xfe\x00bad")

    with pytest.raises(ContractError, match=re.escape(f"{file}: not a YAML file")):
        load_contract(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"till\.odcs\.yaml: cannot be read: No such file"):
        load_contract(tmp_path / "till.odcs.yaml")


def test_all_contracts_of_a_folder_are_told_at_once(tmp_path: Path) -> None:
    write_contract(tmp_path, changed("name", "A"), "a.odcs.yaml")
    write_contract(tmp_path, changed("name", "B"), "b.odcs.yaml")

    with pytest.raises(ContractError) as caught:
        load_contracts([tmp_path])

    assert f"{tmp_path / 'a.odcs.yaml'}:" in str(caught.value)
    assert f"{tmp_path / 'b.odcs.yaml'}:" in str(caught.value)


def test_a_contract_whose_ending_would_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "till.odcs.yml").write_text("")
    with pytest.raises(ContractError, match=r"till\.odcs\.yml: .*; name it till\.odcs\.yaml"):
        load_contracts([tmp_path])


def test_two_files_that_describe_one_source_are_refused(tmp_path: Path) -> None:
    first = write_contract(tmp_path / "one", TILL, "a.odcs.yaml")
    second = write_contract(tmp_path / "two", TILL, "b.odcs.yaml")

    with pytest.raises(ContractError) as caught:
        load_contracts([tmp_path / "one", tmp_path / "two"])

    assert str(caught.value) == (
        f"{second}: name: source 'shop/till' is described by {first} too; "
        "give one of them another name"
    )


def test_two_contracts_that_claim_the_same_files_are_refused(tmp_path: Path) -> None:
    write_contract(tmp_path, TILL, "a.odcs.yaml")
    write_contract(tmp_path, changed("name", "zebra"), "b.odcs.yaml")

    with pytest.raises(ContractError, match="each drop would count twice"):
        load_contracts([tmp_path])


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"holds no contract \(\*\.odcs\.yaml\)"):
        load_contracts([tmp_path])


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such folder of contracts"):
        load_contracts([tmp_path / "contracts"])


def test_the_contracts_of_several_folders_are_sorted_by_team_and_source(tmp_path: Path) -> None:
    write_contract(tmp_path / "one", changed("name", "zebra"), "a.odcs.yaml")
    ants = changed("servers.0.path", "ants/*.csv", changed("team.name", "ants"))
    write_contract(tmp_path / "two", ants, "b.odcs.yaml")
    write_contract(tmp_path / "two", "not a contract", "notes.yaml")

    loaded = load_contracts([tmp_path / "one", tmp_path / "two"])

    assert [contract.name for contract in loaded] == ["ants/till", "shop/zebra"]
