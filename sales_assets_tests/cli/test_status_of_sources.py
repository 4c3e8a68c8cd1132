"""`sales-assets status`: what it tells of the lines, amounts and contracts of sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from sales_assets_tests.cli.files import write
from sales_assets_tests.harness import SHOP, TILL, Installation, Run, drop


def test_status_tells_of_lines_that_no_day_of_the_history_holds(
    run: Run, home: Path, tmp_path: Path
) -> None:
    lines = drop("1,2024-01-01,tea,ann,1", "2,2030-01-01,tea,ann,1", "3,2023-12-31,tea,ann,1")
    assert run("land", write(tmp_path, "all.csv", lines), "--source", "till")[0] == 0
    code, _, told = run("status")
    assert code == 0
    assert "2 lines of tests/till lie outside of the contract's history" in told


def test_status_before_there_are_marts_gives_no_amount_in_the_reporting_currency(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_ASSETS_REPORTING_CURRENCY", "USD")
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    code, told, _ = run("status")
    assert code == 0
    assert "in USD" in told
    assert "1.00 EUR       -" in told
    assert " rates " in told


def test_status_names_sources_whose_contract_is_gone(run: Run, home: Path) -> None:
    with Installation(home, [SHOP, TILL]) as made:
        made.write_drop("shop", "2024-01-01.csv", drop("1,2024-01-01,tea,ann,1"))
        made.materialize("2024-01-01", "2024-01-01", ["shop"], marts=False)
    assert "No contract" not in run("status")[2]
    (home / "contracts" / SHOP.name).unlink()
    assert "the rows of tests/shop stay in the warehouse" in run("status")[2]
