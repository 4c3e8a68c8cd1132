"""Staging drops that turn out, line by line, not to be what the contract describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sales_assets_tests.harness import SHOP, Installation, drop

DAY = "2024-01-01"
ROWS = "SELECT partition_date, file_sha256, line, amount FROM revenue"
GOOD = drop(f"1,{DAY},tea,ann,1.50")
RAGGED = drop(f"1,{DAY},tea,ann,1.50", f"2;{DAY};tea;ann;1", f"3;{DAY};tea;ann;1")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Installation]:
    with Installation(tmp_path / "home", [SHOP]) as made:
        yield made


def run(shop: Installation) -> tuple[bool, str]:
    """Materialise the day; whether that went well, and why the catalogue refuses its drop."""
    done = shop.materialize(DAY, DAY, marts=False, raise_on_error=False)
    known = shop.resources["catalogue"].drop(shop.contracts["shop"], f"tests/shop/{DAY}.csv")
    return done.success, known.refused if known else ""


def test_a_file_of_mostly_malformed_lines_is_refused_in_the_catalogue_and_its_day_stays(
    shop: Installation,
) -> None:
    shop.write_drop("shop", f"{DAY}.csv", GOOD)
    assert run(shop) == (True, "")
    before = shop.query(ROWS)

    shop.write_drop("shop", f"{DAY}.csv", RAGGED)
    succeeded, reason = run(shop)

    assert not succeeded
    assert reason.startswith(f"tests/shop/{DAY}.csv: 2 of 3 lines are malformed")
    assert "line 3: the line has 1 fields" in reason
    assert shop.query(ROWS) == before
    assert run(shop) == (False, reason), "it fails again with the reason, until it is mended"


def test_a_refused_file_that_is_corrected_is_taken(shop: Installation) -> None:
    shop.write_drop("shop", f"{DAY}.csv", RAGGED)
    assert not run(shop)[0]

    shop.write_drop("shop", f"{DAY}.csv", GOOD + "\n")

    assert run(shop) == (True, "")
    assert shop.query("SELECT count(*), sum(amount) FROM revenue") == [(1, 1.5)]
