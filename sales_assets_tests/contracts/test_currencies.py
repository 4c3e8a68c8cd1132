"""Which currencies a contract's lines can have, and what leaves that open."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sales_assets.contracts.currencies import read_currencies
from sales_assets.contracts.expressions import scalar_expression
from sales_assets.contracts.load import load_contract
from sales_assets.contracts.model import Dialect, Mapping
from sales_assets.contracts.problems import Problems
from sales_assets_tests.contracts import builders
from sales_assets_tests.contracts.builders import (
    GONE,
    LINES,
    PROJECT,
    REVENUE,
    changed,
    column,
    csv_bytes,
    load,
    problems,
)

SOURCES = PROJECT / "sales_assets" / "sources"
CURRENCY = f"{REVENUE}.5.transformLogic"
WHERE = "schema.revenue.currency"
MISSING = {"property": "missingValues", "value": ["none", "XXX"]}
COUNTRIES = {
    "name": "countries",
    "physicalName": "shop/countries.csv",
    "customProperties": [{"property": "missingValues", "value": ["-"]}],
    "properties": [
        {"name": "country", "logicalType": "string", "required": True, "primaryKey": True},
        {
            "name": "currency",
            "logicalType": "string",
            "enum": [{"value": "JPY"}, {"value": "CHF"}, {"value": "-"}],
        },
        {"name": "name", "logicalType": "string"},
    ],
}


def till(expression: str) -> dict[str, Any]:
    """A contract with some columns that may say the currency, and that expression for it."""
    content = changed(CURRENCY, expression)
    for name, enum in (
        ("paid_in", ["EUR", "USD", "none"]),
        ("padded", [" GBP", "sek "]),
        ("note", []),
    ):
        entry = {"name": name, "logicalType": "string", "enum": [{"value": v} for v in enum]}
        content = changed(f"{LINES}.+", {k: v for k, v in entry.items() if v}, content)
    number = {"name": "code", "logicalType": "integer", "enum": [{"value": 978}]}
    content = changed(f"{LINES}.+", number, content)
    country = {
        "name": "country",
        "logicalType": "string",
        "relationships": [{"type": "foreignKey", "to": "countries.country"}],
    }
    content = changed(f"{LINES}.+", country, content)
    content = changed("servers.0.customProperties", [MISSING], content)
    return changed("schema.+", COUNTRIES, content)


KNOWN = {
    "a constant": ("'EUR'", ["EUR"]),
    "a column with an enum, less what stands for no value": ("paid_in", ["EUR", "USD"]),
    "a column of a reference, less what stands for no value in its file": (
        "countries.currency",
        ["CHF", "JPY"],
    ),
    "a case by a column": ("CASE note WHEN 'a' THEN 'EUR' WHEN 'b' THEN 'USD' END", ["EUR", "USD"]),
    "a case by conditions": (
        "CASE WHEN price > 5 THEN 'EUR' WHEN note LIKE 'x%' THEN paid_in ELSE 'CAD' END",
        ["CAD", "EUR", "USD"],
    ),
    "a case that may give no value": (
        "CASE WHEN note = 'a' THEN 'EUR' ELSE NULL END",
        ["EUR"],
    ),
    "a case in a case": (
        "CASE WHEN price > 5 THEN CASE note WHEN 'a' THEN 'AUD' END ELSE 'EUR' END",
        ["AUD", "EUR"],
    ),
    "if": ("if(price > 5, 'EUR', paid_in)", ["EUR", "USD"]),
    "ifnull": ("ifnull(paid_in, 'GBP')", ["EUR", "GBP", "USD"]),
    "coalesce": (
        "coalesce(countries.currency, paid_in, 'GBP')",
        ["CHF", "EUR", "GBP", "JPY", "USD"],
    ),
    "nullif, which takes a text away": ("nullif(paid_in, 'USD')", ["EUR"]),
    "nullif by another column, which may take nothing away": (
        "nullif(paid_in, note)",
        ["EUR", "USD"],
    ),
    "parentheses": ("(('EUR'))", ["EUR"]),
    "a cast to text": ("paid_in::VARCHAR(3)", ["EUR", "USD"]),
    "a cast to text that may fail": ("TRY_CAST(paid_in AS TEXT)", ["EUR", "USD"]),
    "trim and upper of a column": ("upper(trim(padded))", ["GBP", "SEK"]),
    "trim of one side and of other signs": (
        "upper(rtrim(ltrim(padded), ' xyz'))",
        ["GBP", "SEK"],
    ),
    "upper of a case": ("upper(CASE note WHEN 'a' THEN 'eur' ELSE 'usd' END)", ["EUR", "USD"]),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_currencies_are_those_that_the_expression_can_give(name: str, tmp_path: Path) -> None:
    expression, codes = KNOWN[name]

    assert load(tmp_path, till(expression)).currencies == tuple(codes)


OPEN = {
    "a column without an enum": ("note", "'note'"),
    "a column of a reference without an enum": ("countries.name", "'countries.name'"),
    "a column of numbers, whose enum is of the text": ("code", "'code'"),
    "a column in one branch of a case": (
        "CASE WHEN price > 5 THEN 'EUR' ELSE note END",
        "'note'",
    ),
    "a column behind coalesce": ("coalesce(paid_in, note)", "'note'"),
    "a column inside of functions": ("upper(trim(note))", "'note'"),
    "a column that is cast": ("CAST(note AS VARCHAR)", "'note'"),
    "several columns": ("coalesce(note, countries.name, note)", "'note' and 'countries.name'"),
    "texts that are joined": ("paid_in || ''", "'paid_in || '''"),
    "a part of a text": ("left(paid_in, 3)", "'LEFT(paid_in, 3)'"),
    "a text with others in their place": (
        "replace(paid_in, 'X', 'Y')",
        "'REPLACE(paid_in, 'X', 'Y')'",
    ),
    "a cast to no text": ("CAST(paid_in AS ENUM ('EUR'))", "'CAST(paid_in AS ENUM('EUR'))'"),
    "trim of signs that a column says": ("trim(paid_in, note)", "'TRIM(paid_in, note)'"),
    "a number": ("978", "'978'"),
}


@pytest.mark.parametrize("name", OPEN)
def test_an_expression_that_may_give_any_text_is_refused_with_what_leaves_it_open(
    name: str, tmp_path: Path
) -> None:
    expression, told = OPEN[name]

    [problem] = problems(tmp_path, till(expression))

    assert problem == (
        f"{WHERE}: {told} may hold any text; rates are asked for by currency, so state the "
        "column's enum, or map it by CASE"
    )


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("'eur'", "'eur'"),
        ("'€'", "'€'"),
        ("'EURO'", "'EURO'"),
        ("''", "''"),
        ("padded", "' GBP', 'sek '"),
        ("trim(padded)", "'sek'"),
        ("CASE note WHEN 'a' THEN 'EUR' ELSE 'unknown' END", "'unknown'"),
        # Letters that only some programs take for others; DuckDB's own word counts.
        ("upper('strauß')", "'STRAUẞ'"),
    ],
)
def test_what_is_no_code_is_named(expression: str, told: str, tmp_path: Path) -> None:
    [problem] = problems(tmp_path, till(expression))

    assert problem == (
        f"{WHERE}: may be {told}, which is no ISO 4217 code; give codes like 'EUR': mend the "
        "expression or the column's enum, or map it by CASE"
    )


@pytest.mark.parametrize("expression", ["NULL", "nullif('EUR', 'EUR')"])
def test_a_currency_that_never_has_a_value_is_refused(expression: str, tmp_path: Path) -> None:
    [problem] = problems(tmp_path, till(expression))

    assert problem == f"{WHERE}: never has a value; give a code in quotes, like 'EUR'"


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (GONE, f"{WHERE}.transformLogic: is missing"),
        ("no_such_column", f"{WHERE}.transformLogic: 'no_such_column' is not a column"),
        ("CASE WHEN", f"{WHERE}.transformLogic: not an SQL expression"),
        ("no_such_function(note)", f"{WHERE}.transformLogic: Catalog Error"),
    ],
)
def test_an_expression_that_is_wrong_already_is_told_once(
    value: Any, told: str, tmp_path: Path
) -> None:
    first, *others = problems(tmp_path, changed(CURRENCY, value, till("'EUR'")))

    assert first.startswith(told)
    # Without an expression the column is missing, too.
    assert all(text.startswith(f"{WHERE}: is missing; map it") for text in others)


def test_a_contract_without_the_column_is_told_that_alone(tmp_path: Path) -> None:
    [problem] = problems(tmp_path, changed(f"{REVENUE}.5", GONE))

    assert problem.startswith(f"{WHERE}: is missing")


def test_the_contracts_of_the_sample_say_their_currencies() -> None:
    assert load_contract(SOURCES / "pizzaplace.odcs.yaml").currencies == ("USD",)
    assert load_contract(SOURCES / "global_sales.odcs.yaml").currencies == (
        *("AUD", "CAD", "EUR", "GBP", "JPY", "USD"),
    )


def test_a_line_of_a_country_whose_currency_is_not_known_is_rejected(tmp_path: Path) -> None:
    orders = load_contract(SOURCES / "global_sales.odcs.yaml")
    values = {"timestamp": "2022-06-12 17:25:00", "price": "1", "quantity": "1", "revenue": "1"}
    values |= {"product_category": "Food", "status": "shipped"}
    countries = ["UK", "Spain", "uk", ""]
    lines = [
        [{**values, "country": country}.get(header, "") for header in orders.required_headers]
        for country in countries
    ]

    with builders.desk(tmp_path) as tools:
        found = tools.judge(orders, csv_bytes([orders.required_headers, *lines]))

    assert [row["currency"] for row in found.accepted] == ["GBP"]
    known = "is not one of Australia, Canada, France, Germany, Japan, UK, USA"
    no_currency = "currency: the contract's expression over country gave no value"
    assert found.reasons == [
        [f"country: 'Spain' {known}", no_currency],
        [f"country: 'uk' {known}", no_currency],
        ["country: is required and blank"],
    ]


def test_a_line_with_a_value_outside_of_the_enum_is_rejected_with_its_reason(
    tmp_path: Path,
) -> None:
    content = changed(f"{LINES}.+", {"name": "paid_in", "logicalType": "string"})
    content = changed(f"{LINES}.5.enum", [{"value": "EUR"}, {"value": "USD"}], content)
    read = load(tmp_path, changed(CURRENCY, "paid_in", content))
    rows = [("1", "USD"), ("2", "CHF"), ("3", "")]
    header = ("receipt", "sold_on", "Quantity", "price", "state", "paid_in")
    lines = [(no, str(builders.DAY), "1", "2", "sold", paid) for no, paid in rows]

    with builders.desk(tmp_path) as tools:
        found = tools.judge(read, csv_bytes([header, *lines]))

    assert [row["currency"] for row in found.accepted] == ["USD"]
    assert found.reasons == [
        ["paid_in: 'CHF' is not one of EUR, USD"],
        ["currency: the contract's expression over paid_in gave no value"],
    ]


TEXTS = ("EUR", " usd", "gbp\u2003", "\u017fek", "\tCHF", "'", "xx", "")
COLUMNS = (
    column("a", enum=TEXTS[:4]),
    column("b", enum=TEXTS[3:]),
)
LEAVES = st.sampled_from(["a", "b", "NULL", "'EUR'", "'xE '"])


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    conditions = st.sampled_from(["a = 'EUR'", "b IS NULL", "a > b"])
    return st.one_of(
        st.builds("({})".format, inner),
        st.builds("CAST({} AS VARCHAR)".format, inner),
        st.builds("upper({})".format, inner),
        st.builds("trim({})".format, inner),
        st.builds("ltrim({}, ' x')".format, inner),
        st.builds("rtrim({})".format, inner),
        st.builds("coalesce({}, {}, {})".format, inner, inner, inner),
        st.builds("ifnull({}, {})".format, inner, inner),
        st.builds("nullif({}, {})".format, inner, inner),
        st.builds("if({}, {}, {})".format, conditions, inner, inner),
        st.builds("CASE WHEN {} THEN {} END".format, conditions, inner),
        st.builds("CASE {} WHEN {} THEN {} ELSE {} END".format, inner, inner, inner, inner),
    )


@settings(deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=8))
def test_no_line_has_a_currency_that_is_not_among_those_told(text: str) -> None:
    expression, used = scalar_expression(text, [each.name for each in COLUMNS])
    found = Problems()

    told = read_currencies(found, [Mapping("currency", expression, used)], COLUMNS, Dialect(), ())

    assert not any("any text" in problem for problem in found.found)
    values = [(*(text for text in each.enum if text), None) for each in COLUMNS]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE lines (a VARCHAR, b VARCHAR)")
        connection.executemany("INSERT INTO lines VALUES (?, ?)", list(product(*values)))
        given = {row[0] for row in connection.execute(f"SELECT {expression} FROM lines").fetchall()}
    assert given <= {*told, None}
