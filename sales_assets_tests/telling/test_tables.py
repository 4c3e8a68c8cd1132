"""Lines and reasons as tables."""

from __future__ import annotations

from datetime import date

import dagster as dg

from sales_assets.contracts.preview import ACCEPTED, LONGEST, REJECTED, by_day
from sales_assets.telling.tables import accepted_preview, reasons_told, rejected_preview

SAID: dict[str, str | int] = {"order_id": "7", "file": "a.csv", "line": 2}
LINE = tuple(SAID.get(name) for name in ACCEPTED)


def test_columns_that_say_nothing_are_left_out() -> None:
    told = accepted_preview((LINE, LINE))["first lines"]

    assert isinstance(told, dg.TableMetadataValue)
    assert [column.name for column in told.schema.columns] == ["order_id", "file", "line"]
    assert [dict(record.data) for record in told.records] == [SAID, SAID]


def test_rejected_lines_show_where_they_are_and_why() -> None:
    told = rejected_preview((("a.csv", 3, "price: 'x' is no number", "1,x"),))

    (record,) = told["first rejected lines"].records
    assert tuple(record.data[name] for name in REJECTED) == (
        *("a.csv", 3),
        *("price: 'x' is no number", "1,x"),
    )


def test_reasons_stand_with_their_lines_and_nothing_is_told_without_any() -> None:
    told = reasons_told([("price", "is no number", 1_200), (None, "the line is too short", 1)])

    assert told["reasons"].value.splitlines()[2:] == [
        "| 1,200 | price | is no number |",
        "| 1 |  | the line is too short |",
    ]
    pattern = reasons_told([("sku", "does not match ^(A|B)*$", 1)])["reasons"].value
    assert pattern.splitlines()[-1] == r"| 1 | sku | does not match ^(A\|B)\*$ |"
    assert reasons_told([]) == accepted_preview(()) == rejected_preview(()) == {}


def test_long_values_are_cut() -> None:
    row = (date(2024, 1, 1), "a.csv", 3, ["y" * 300, "z"], "x" * 5_000)
    [line] = by_day([row])[row[0]]
    assert line[:2] == ("a.csv", 3)
    assert [len(str(value)) for value in line[2:]] == [LONGEST, LONGEST]
    assert str(line[3]).endswith("x…")
