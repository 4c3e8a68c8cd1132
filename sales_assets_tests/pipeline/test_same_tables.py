"""However the days were materialised, the tables are those of a build from scratch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sales_assets_tests.harness import SHOP, TILL, Installation, drop

FIRST, LAST = "2024-01-01", "2024-01-04"
DAYS = {
    "2024-01-01": ["a1,2024-01-01,tea,ann,3.10", "a2,2024-01-01,cup,bob,12", "a3,,tea,bob,1"],
    "2024-01-02": ["b1,2024-01-02,tea,ann,3.20", "b2,2024-01-01,pot,cid,40.5"],
    "2024-01-04": ["d1,2024-01-04,tea,,3.40", "d2,2024-01-03,cup,bob,-12", "d3,x,cup,bob,1"],
}


@contextmanager
def small(home: Path) -> Iterator[Installation]:
    with Installation(home, [SHOP, TILL], chunk_days=2) as made:
        for day, lines in DAYS.items():
            made.write_drop("shop", f"shop_{day}.csv", drop(*lines))
        many = [line for lines in DAYS.values() for line in lines]
        made.write_drop("till", "till.csv", drop(*many))
        yield made


def single_days(made: Installation) -> None:
    for day in ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"):
        made.materialize(day, day)


def backwards(made: Installation) -> None:
    for day in ("2024-01-04", "2024-01-03", "2024-01-02", "2024-01-01"):
        made.materialize(day, day)


def source_by_source_then_marts(made: Installation) -> None:
    made.materialize("2024-01-03", LAST, ["till"], marts=False)
    made.materialize(FIRST, LAST, ["shop"], marts=False)
    made.materialize(FIRST, "2024-01-02", ["till"], marts=False)
    made.materialize(FIRST, "2024-01-02", [])
    made.materialize("2024-01-03", LAST, [])


def twice(made: Installation) -> None:
    made.materialize(FIRST, LAST)
    before = made.tables()
    objects = made.staged_objects()
    made.materialize(FIRST, LAST)
    assert made.tables() == before
    assert made.staged_objects() == objects


@pytest.mark.parametrize(
    "way", [single_days, backwards, source_by_source_then_marts, twice], ids=lambda f: f.__name__
)
def test_every_way_of_materialising_gives_the_tables_of_one_range(
    tmp_path: Path, way: Callable[[Installation], None]
) -> None:
    with small(tmp_path / "one") as one, small(tmp_path / "other") as other:
        one.materialize(FIRST, LAST)
        way(other)
        expected = one.tables()
        assert other.tables() == expected
        assert len(expected["main.revenue"]) == 12
        assert len(expected["main.rejected"]) == 4 - 1 + 1


def test_a_restated_day_replaces_what_it_was_wherever_its_dates_and_customers_were(
    tmp_path: Path,
) -> None:
    with small(tmp_path / "restated") as restated:
        restated.materialize(FIRST, LAST)
        assert ("tests/shop", "cid") in customers(restated)
        new_drop = drop("b9,2024-01-02,tea,eve,7.77")
        restated.write_drop("shop", "shop_2024-01-02.csv", new_drop)
        restated.materialize("2024-01-02", "2024-01-02")
        assert ("tests/shop", "cid") not in customers(restated)
        assert ("tests/shop", "eve") in customers(restated)
        with small(tmp_path / "scratch") as scratch:
            scratch.write_drop("shop", "shop_2024-01-02.csv", new_drop)
            scratch.materialize(FIRST, LAST)
            assert restated.tables() == scratch.tables()


def test_a_removed_drop_leaves_no_row_behind(tmp_path: Path) -> None:
    with small(tmp_path / "home") as made:
        made.materialize(FIRST, LAST)
        (made.settings.landing_folder / "tests/shop/shop_2024-01-02.csv").unlink()
        made.materialize("2024-01-02", "2024-01-02")
        for table in ("revenue", "rejected", "fct_sales"):
            assert made.query(
                f"SELECT count(*) FROM {table} "
                "WHERE source = 'tests/shop' AND partition_date = '2024-01-02'"
            ) == [(0,)]
        assert ("tests/shop", "cid") not in customers(made)
        assert not [key for key in made.staged_objects() if "shop/2024-01-02" in key]


def test_a_later_file_with_some_of_the_days_replaces_only_those(tmp_path: Path) -> None:
    with small(tmp_path / "home") as made:
        made.materialize(FIRST, LAST)
        made.write_drop("till", "till_january_2.csv", drop("n1,2024-01-02,tea,ann,100"))
        made.materialize(FIRST, LAST, ["till"])
        rows = made.query(
            "SELECT partition_date::VARCHAR, sum(amount)::VARCHAR, count(DISTINCT file) "
            "FROM revenue WHERE source = 'tests/till' GROUP BY ALL ORDER BY 1"
        )
        assert rows == [
            ("2024-01-01", "55.6000", 1),
            ("2024-01-02", "100.0000", 1),
            ("2024-01-03", "-12.0000", 1),
            ("2024-01-04", "3.4000", 1),
        ]


def test_a_changed_contract_makes_its_days_anew(tmp_path: Path) -> None:
    with small(tmp_path / "home") as made:
        made.materialize(FIRST, LAST)
        file = made.settings.contracts_folder / "shop.odcs.yaml"
        file.write_text(
            file.read_text().replace("transformLogic: item}", "transformLogic: upper(item)}")
        )
        made.reload()
        made.materialize(FIRST, LAST)
        assert made.query(
            "SELECT DISTINCT product FROM revenue WHERE source = 'tests/shop' ORDER BY 1"
        ) == [("CUP",), ("POT",), ("TEA",)]
        assert made.query(
            "SELECT DISTINCT product FROM revenue_by_product WHERE source = 'tests/shop' ORDER BY 1"
        ) == [("CUP",), ("POT",), ("TEA",)]


def test_each_row_says_the_line_of_the_file_that_it_came_from(tmp_path: Path) -> None:
    with small(tmp_path / "home") as made:
        made.materialize(FIRST, LAST)
        rows = made.query(
            "SELECT file, line, order_id FROM revenue "
            "UNION ALL SELECT file, line, split_part(text, ',', 1) FROM rejected"
        )
        assert len(rows) == 16
        for file, line, order in rows:
            lines = (made.settings.landing_folder / file).read_text().splitlines()
            assert lines[line - 1].startswith(f"{order},")


def customers(made: Installation) -> set[tuple[str, str]]:
    return set(made.query("SELECT source, customer_id FROM customer_value"))
