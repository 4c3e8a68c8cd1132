"""Everyone who takes part finds what was generated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks import lower_bound, plain_pandas
from benchmarks.contenders import CONTENDERS, Script, Size
from benchmarks.generate import generate
from benchmarks.run import generated, run_once


@pytest.mark.parametrize(
    "name",
    [
        name if issubclass(one, Script) else pytest.param(name, marks=pytest.mark.long)
        for name, one in CONTENDERS.items()
    ],
)
def test_a_contender_finds_what_was_generated(name: str, tmp_path: Path) -> None:
    size = Size(2, 250)
    expected = generated(tmp_path / "files", size)
    contender = CONTENDERS[name](tmp_path / "files", tmp_path / "home", size)

    cost = run_once(contender, expected)

    assert expected["rejected"] > 0
    assert cost.cpu > 0
    assert cost.mebibytes > 10


@pytest.mark.long
def test_the_project_finds_the_same_in_a_german_export(tmp_path: Path) -> None:
    size = Size(3, 200)
    expected = generated(tmp_path / "plain", size)
    generated(tmp_path / "files", size, "--european")
    project = CONTENDERS["project"](tmp_path / "files", tmp_path / "home", size, european=True)
    run_once(project, expected)


def tables(work: Path) -> dict[str, list[Any]]:
    with duckdb.connect(str(work / "warehouse.duckdb"), read_only=True) as connection:
        return {
            name: connection.execute(f"SELECT {what} FROM {name} ORDER BY ALL").fetchall()
            for name, what in (
                ("revenue", "*"),
                ("rejected", "* EXCLUDE (text, reasons), len(reasons)"),
                ("customer_value", "*"),
            )
        }


def test_the_pandas_script_loads_the_very_rows_of_the_lower_bound(tmp_path: Path) -> None:
    generate(tmp_path / "files", 3, 500)
    lower_bound.run(tmp_path / "files", tmp_path / "bound")
    plain_pandas.run(tmp_path / "files", tmp_path / "pandas")
    assert tables(tmp_path / "pandas") == tables(tmp_path / "bound")
    staged = sorted(path.name for path in (tmp_path / "pandas" / "staged").iterdir())
    assert staged[0] == "rejected_2024-01-01.parquet"
    assert len(staged) == 6


def test_the_pandas_script_says_everything_that_is_wrong_with_a_line(tmp_path: Path) -> None:
    file = tmp_path / "sales_2024-01-01.csv"
    file.write_text(
        "order_id,order_ts,sku,category,store,customer_id,quantity,unit_price,discount,currency\n"
        "1,2024-01-02 10:00:00,tea,food,north,,0,1.00,0.00,EUR\n"
        ",2024-01-01 10:00:00,tea,food,north,,99999999999999999999,1.00001,x,XXX\n"
        "3,2024-01-01 10:00:00,tea,food,north,,2,1.20,0.05,GBP\n"
    )
    lines = plain_pandas.read_day(file)
    assert list(lines["reasons"]) == [
        ["order_ts: outside of the day", "quantity: is no number of at least 1"],
        [
            "order_id: is required and blank",
            "quantity: is no number of at least 1",
            "unit_price: is no number",
            "discount: is no number",
            "currency: is not allowed",
        ],
        [],
    ]
    assert str(lines["amount"].iloc[2]) == "2.3500"
