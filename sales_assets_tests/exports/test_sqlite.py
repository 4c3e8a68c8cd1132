"""Marts in SQLite: numbers that add up, and all their digits."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dagster as dg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sales_assets.exports.dictionary import Entry
from sales_assets.exports.sqlite import write_sqlite
from sales_assets.exports.tables import Table
from sales_assets.resources.parquet_rows import write_rows

NEVER_EMPTY = dg.TableColumnConstraints(nullable=False)
MART = Table(
    [dg.AssetKey(["marts", "mart"])],
    "A mart.",
    [
        dg.TableColumn("source", "varchar", "Whose.", constraints=NEVER_EMPTY),
        dg.TableColumn("order_date", "date", "When.", constraints=NEVER_EMPTY),
        dg.TableColumn("lines", "bigint", "How many.", constraints=NEVER_EMPTY),
        dg.TableColumn("net_revenue", "decimal(18,4)", "How much."),
        dg.TableColumn("reporting_net_revenue", "decimal(38,10)", "How much in all."),
    ],
    ["source", "order_date"],
)
ENTRY = Entry("mart", "lines", "bigint", "lines", "How many.", "", "", "")
Amounts = Sequence[tuple[Decimal | None, Decimal | None]]


def decimals(digits: int, places: int, below: str | None = None) -> st.SearchStrategy[Decimal]:
    most = Decimal(below or "9" * (digits - places))
    return st.decimals(-most, most, places=places)


def row(number: int, amount: Decimal | None, reporting: Decimal | None) -> tuple[Any, ...]:
    return f"{number:06}", date(2024, 1, 1), 1, amount, reporting


def written(folder: Path, rows: Sequence[tuple[Any, ...]]) -> sqlite3.Connection:
    """The file that rows of the mart become."""
    write_rows(folder / "mart.parquet", MART.unload.columns, [rows] if rows else [], {})
    file = folder / "marts.sqlite"
    assert write_sqlite(file, [MART], folder, [ENTRY], {"made_at": "now"}) == {"mart": len(rows)}
    return sqlite3.connect(file)


def in_file(amounts: Amounts, query: str) -> list[tuple[Any, ...]]:
    rows = [row(number, *of) for number, of in enumerate(amounts)]
    with TemporaryDirectory() as folder, closing(written(Path(folder), rows)) as connection:
        return connection.execute(query).fetchall()


@given(
    st.lists(
        st.tuples(st.none() | decimals(18, 4), st.none() | decimals(38, 10)), min_size=1, max_size=9
    )
)
@example([(Decimal("99999999999999.9999"), Decimal("-9999999999999999999999999999.9999999999"))])
@example([(Decimal("0.1"), Decimal("0.2")), (Decimal("0.2"), Decimal("1e-10"))])
@settings(max_examples=60, deadline=None)
def test_every_digit_is_kept_and_the_number_is_the_nearest_float(amounts: Amounts) -> None:
    found = in_file(
        amounts,
        "SELECT net_revenue, net_revenue_exact, reporting_net_revenue, reporting_net_revenue_exact "
        "FROM mart ORDER BY source",
    )
    for (amount, reporting), row in zip(amounts, found, strict=True):
        for value, (number, text) in ((amount, row[:2]), (reporting, row[2:])):
            assert (None if text is None else Decimal(text)) == value
            assert number == (None if value is None else float(value))
    assert [sum(Decimal(row[1] or 0) for row in found)] == [
        sum((amount or Decimal(0) for amount, _ in amounts), Decimal(0))
    ]


@given(st.lists(decimals(18, 4, below="1000000000"), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_a_sum_of_the_numbers_is_exact_to_the_mart_s_decimals(amounts: list[Decimal]) -> None:
    [(total,)] = in_file(
        [(amount, None) for amount in amounts], "SELECT round(sum(net_revenue), 4) FROM mart"
    )
    assert Decimal(f"{total:.4f}") == sum(amounts)


@pytest.fixture
def file(tmp_path: Path) -> sqlite3.Connection:
    rows = [
        ("b", date(2024, 12, 31), 2, Decimal("1.5"), None),
        ("a", date(2024, 1, 1), 1, Decimal("-0.0001"), Decimal("2.5")),
    ]
    return written(tmp_path, rows)


def test_a_date_is_one_for_sqlite_s_own_functions(file: sqlite3.Connection) -> None:
    months = "SELECT strftime('%Y-%m', order_date) FROM mart ORDER BY order_date"
    assert file.execute(months).fetchall() == [("2024-01",), ("2024-12",)]


def test_columns_are_declared_as_tools_know_them_and_the_key_is_one(
    file: sqlite3.Connection,
) -> None:
    declared = file.execute("SELECT name, type, \"notnull\", pk FROM pragma_table_info('mart')")
    assert declared.fetchall() == [
        ("source", "TEXT", 1, 1),
        ("order_date", "DATE", 1, 2),
        ("lines", "INTEGER", 1, 0),
        ("net_revenue", "REAL", 0, 0),
        ("reporting_net_revenue", "REAL", 0, 0),
        ("net_revenue_exact", "TEXT", 0, 0),
        ("reporting_net_revenue_exact", "TEXT", 0, 0),
    ]
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        file.execute("INSERT INTO mart SELECT * FROM mart LIMIT 1")


def test_the_file_says_what_it_is_and_what_its_columns_mean(file: sqlite3.Connection) -> None:
    about = dict(file.execute("SELECT name, value FROM about").fetchall())
    assert about.pop("numbers").startswith("A number with decimals is a float here")
    assert about == {
        "made_at": "now",
        "first_order_date": "2024-01-01",
        "last_order_date": "2024-12-31",
    }
    meanings = "SELECT column_name, meaning, comes_from FROM data_dictionary"
    assert file.execute(meanings).fetchall() == [
        ("lines", "How many.", ""),
        ("net_revenue_exact", "net_revenue with all its digits, as a text.", "mart.net_revenue"),
        (
            "reporting_net_revenue_exact",
            "reporting_net_revenue with all its digits, as a text.",
            "mart.reporting_net_revenue",
        ),
    ]


def test_a_mart_without_rows_is_a_table_without_rows(tmp_path: Path) -> None:
    empty = written(tmp_path, [])
    assert empty.execute("SELECT count(*) FROM mart").fetchall() == [(0,)]
    days = "SELECT value FROM about WHERE name LIKE '%_order_date'"
    assert empty.execute(days).fetchall() == [("",), ("",)]
