"""Columns of models are followed through their SQL to the columns that they are computed from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sales_assets.dbt_lineage import column_origins

LINES = ("source.toy.warehouse.lines", "lines")
SALES = ("model.toy.sales", "sales")


def node(resource_type: str, name: str, *columns: str, **more: Any) -> dict[str, Any]:
    described = {column: {"name": column, "data_type": "integer"} for column in columns}
    return {
        "resource_type": resource_type,
        "schema": "main",
        "name": name,
        "columns": described,
        **more,
    }


def origins_of(sql: str, *columns: str) -> Mapping[str, list[tuple[str, str]]]:
    """Where the columns of a model with this SQL come from."""
    model = node("model", "asked", *columns)
    manifest = {
        "nodes": {"model.toy.asked": model, SALES[0]: node("model", "sales", "day", "net")},
        "sources": {LINES[0]: node("source", "lines", "id", "price", "discount", "day")},
    }
    return column_origins(manifest, {"model.toy.asked": sql})["model.toy.asked"]


def of_lines(*columns: str) -> list[tuple[str, str]]:
    return [(LINES[0], column) for column in columns]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT price AS net FROM main.lines", of_lines("price")),
        ('SELECT l.price AS net FROM "memory"."main"."lines" AS l', of_lines("price")),
        ("SELECT price - discount AS net FROM main.lines", of_lines("discount", "price")),
        ("SELECT sum(price) AS net FROM main.lines GROUP BY day", of_lines("price")),
        ("SELECT net FROM (SELECT *, price * 2 AS net FROM main.lines)", of_lines("price")),
        (
            "WITH a AS (SELECT * FROM main.lines), b AS (SELECT price + 1 AS net FROM a) "
            "SELECT * FROM b",
            of_lines("price"),
        ),
        (
            "SELECT price AS net FROM main.lines UNION ALL SELECT discount FROM main.lines",
            of_lines("discount", "price"),
        ),
        (
            "SELECT CASE WHEN s.net > 0 THEN l.price END AS net FROM main.lines AS l "
            "JOIN main.sales AS s ON l.day = s.day",
            [(SALES[0], "net"), *of_lines("price")],
        ),
        ("SELECT count(*) AS net FROM main.lines", []),
        ("SELECT 'EUR' AS net FROM main.lines", []),
        ("SELECT price AS net FROM main.another", []),
        ("SELECT a AS net FROM (SELECT * FROM main.another)", []),
    ],
)
def test_a_column_is_followed_to_the_columns_that_it_is_computed_from(
    sql: str, expected: list[tuple[str, str]]
) -> None:
    assert origins_of(sql, "net") == {"net": expected}


def test_names_in_capitals_are_the_same_names() -> None:
    assert origins_of("SELECT PRICE AS net FROM MAIN.LINES", "NET") == {"NET": of_lines("price")}


def test_a_table_of_which_no_column_is_described_leaves_the_others_their_lineage() -> None:
    model = node("model", "asked", "net", "more")
    manifest = {
        "nodes": {"model.toy.asked": model, "model.toy.bare": node("model", "bare")},
        "sources": {LINES[0]: node("source", "lines", "price")},
    }
    sql = "SELECT l.price AS net, b.x AS more FROM main.lines AS l, main.bare AS b"
    found = column_origins(manifest, {"model.toy.asked": sql})
    assert found["model.toy.asked"] == {"net": of_lines("price"), "more": []}


def test_a_column_that_is_not_found_has_no_lineage_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert origins_of("SELECT price AS net FROM main.lines", "net", "gone") == {
        "net": of_lines("price")
    }
    assert "model.toy.asked: the lineage of gone is not known" in caplog.text


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT FROM WHERE (",
        "WITH u AS (SELECT 1 AS a UNION ALL BY NAME SELECT 2 AS net) SELECT net FROM u",
    ],
)
def test_a_model_that_cannot_be_followed_has_no_lineage_and_the_log_says_so(
    sql: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert origins_of(sql, "net") == {}
    assert "model.toy.asked: the lineage of its columns is not known" in caplog.text
