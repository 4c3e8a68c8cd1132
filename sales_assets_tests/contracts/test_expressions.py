"""What the SQL of a contract's author may be."""

from __future__ import annotations

import duckdb
import pytest

from sales_assets.contracts.expressions import counted_condition, scalar_expression, single_select

COLUMNS = ("price", "qty", "sold_at", "name")


def test_an_expression_is_told_with_the_columns_that_it_reads_in_their_order() -> None:
    sql, used = scalar_expression("qty * price + coalesce(price, 0)", COLUMNS)

    assert sql == '"qty" * "price" + COALESCE("price", 0)'
    assert used == ("qty", "price")


@pytest.mark.parametrize(
    "text",
    [
        "price",
        "(price)",
        "'USD'",
        "CASE WHEN qty > 1 THEN price ELSE 0 END",
        "CAST(sold_at AS DATE)",
        "sold_at::DATE",
        "name || '_' || lower(name)",
        "regexp_replace(name, '[.]0$', '')",
        "date_trunc('month', sold_at)",
        "age(sold_at, TIMESTAMP '2000-01-01')",
        "starts_with(name, 'C') AND qty NOT IN (1, 2)",
        "list_contains(['a', 'b'], name)",
        "price;",
    ],
)
def test_a_scalar_expression_over_the_drop_is_allowed(text: str) -> None:
    sql, used = scalar_expression(text, COLUMNS)

    assert set(used) <= set(COLUMNS)
    # What comes out means the same once more.
    assert scalar_expression(sql, COLUMNS) == (sql, used)


def test_comments_are_left_out() -> None:
    assert scalar_expression("price /* with tax */ -- in euros", COLUMNS) == (
        '"price"',
        ("price",),
    )


@pytest.mark.parametrize(
    "text",
    [
        "(SELECT 1)",
        "EXISTS (SELECT 1)",
        "price IN (SELECT 1)",
        "max(price)",
        "count(*)",
        "string_agg(name, ',')",
        "row_number() OVER ()",
        "*",
        "?",
        "$1",
    ],
)
def test_what_is_no_scalar_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a scalar expression"):
        scalar_expression(text, COLUMNS)


@pytest.mark.parametrize(
    "text",
    [
        "price; qty",
        "price; DROP TABLE revenue",
        "price, qty",
        "price FROM revenue",
        "price WHERE qty > 1",
        "DISTINCT price",
        "1 UNION SELECT 2",
        "SELECT price",
        "DROP TABLE revenue",
        "DELETE FROM revenue",
        "ATTACH 'x.db'",
        "SET threads = 1",
        "",
        ";;",
    ],
)
def test_anything_but_one_expression_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(has to be one|not an) SQL expression"):
        scalar_expression(text, COLUMNS)


def test_a_syntax_error_is_told_on_one_line() -> None:
    with pytest.raises(ValueError, match="not an SQL expression: ") as caught:
        scalar_expression("price +\n(qty", COLUMNS)

    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "now()",
        "current_date",
        "CURRENT_TIMESTAMP",
        "today()",
        "random()",
        "uuid()",
        "age(sold_at)",
        "nextval('s')",
        "current_setting('TimeZone')",
        "ago(INTERVAL 1 DAY)",
        "localtimestamp",
        "qty + extract('day' FROM now())",
        "getvariable('x')",
        "current_user",
    ],
)
def test_what_gives_another_value_at_another_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a rerun has to give the same row"):
        scalar_expression(text, COLUMNS)


def test_every_function_that_duckdb_calls_unstable_is_refused() -> None:
    unstable = duckdb.execute(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE function_type = 'scalar' AND stability <> 'CONSISTENT'"
    ).fetchall()
    allowed = []
    for (name,) in unstable:
        try:
            scalar_expression(f"{name}()", COLUMNS)
        except ValueError:
            continue
        allowed.append(name)

    assert len(unstable) > 20
    assert allowed == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prize", "'prize' is not a column of the drop; it has price, qty, sold_at, name"),
        ("Price", "'Price' is not a column of the drop"),
        ("revenue.price", "name the column without a table"),
        ("price AS amount", "has to be an expression without a name"),
        ("amount: price", "has to be an expression without a name"),
    ],
)
def test_only_columns_of_the_drop_can_be_read(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        scalar_expression(text, COLUMNS)


def test_a_column_whose_name_is_a_word_of_sql_is_quoted() -> None:
    assert scalar_expression("date + time", ("date", "time")) == (
        '"date" + "time"',
        ("date", "time"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(*) FROM ${object} WHERE amount < 0",
        "SELECT COUNT(*) FROM ${table}",
        "WITH big AS (SELECT * FROM ${object} WHERE amount > 9) SELECT COUNT(*) FROM big",
        "SELECT COUNT(*) FROM (SELECT order_id FROM ${object} GROUP BY order_id)",
        "SELECT (SELECT COUNT(*) FROM ${object}) - COUNT(DISTINCT order_id) FROM ${object}",
    ],
)
def test_a_query_of_one_value_over_the_rows_is_allowed(text: str) -> None:
    assert "${" not in single_select(text, "revenue")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT 1; SELECT 2", "has to be one SELECT"),
        ("DELETE FROM ${object}", "has to be one SELECT"),
        ("SELECT 1 UNION SELECT 2", "has to be one SELECT"),
        ("", "has to be one SELECT|not an SQL query"),
        ("SELECT FROM WHERE", "not an SQL query"),
        ("SELECT COUNT(*), SUM(amount) FROM ${object}", "has to return one value"),
        ("SELECT COUNT(*) FROM rejected", "'rejected' cannot be read here, only revenue"),
        ("SELECT COUNT(*) FROM main.revenue", "cannot be read here"),
        ("SELECT COUNT(*) FROM 'secrets.csv'", "cannot be read here"),
        ("SELECT COUNT(*) FROM read_csv('secrets.csv')", "cannot be read here"),
        ("SELECT (SELECT MAX(x) FROM other) FROM ${object}", "'other' cannot be read here"),
    ],
)
def test_a_query_that_does_or_reads_more_is_refused(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        single_select(text, "revenue")


@pytest.mark.parametrize(
    ("query", "condition", "used"),
    [
        ("SELECT COUNT(*) FROM ${object} WHERE a > 1", '"a" > 1', ("a",)),
        ("select count(*) from lines where lines.a <> b", '"a" <> "b"', ("a", "b")),
        (
            "SELECT COUNT(*) FROM ${table} WHERE abs(a - b * c) > 0.01 AND c > 0",
            'ABS("a" - "b" * "c") > 0.01 AND "c" > 0',
            ("a", "b", "c"),
        ),
    ],
)
def test_a_query_that_counts_lines_says_which(
    query: str, condition: str, used: tuple[str, ...]
) -> None:
    found, columns = counted_condition(query, "lines", ["a", "b", "c"])

    assert found == condition
    assert set(columns) == set(used)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT COUNT(*) FROM ${object}",
        "SELECT COUNT(a) FROM ${object} WHERE a > 1",
        "SELECT COUNT(DISTINCT a) FROM ${object} WHERE a > 1",
        "SELECT COUNT(*) FILTER (a > 2) FROM ${object} WHERE a > 1",
        "SELECT 1 + COUNT(*) FROM ${object} WHERE a > 1",
        "SELECT COUNT(*) FROM ${object} WHERE a > 1 LIMIT 1",
        "SELECT COUNT(*) FROM ${object} WHERE a > 1 GROUP BY b",
        "SELECT COUNT(*) FROM ${object}, ${object} AS other WHERE a > 1",
        "SELECT COUNT(*) FROM (SELECT * FROM ${object} WHERE b > 1) AS lines WHERE a > 1",
        "WITH other AS (SELECT 1) SELECT COUNT(*) FROM ${object} WHERE a > 1",
    ],
)
def test_a_query_that_does_not_say_which_lines_it_counts_is_refused(query: str) -> None:
    with pytest.raises(ValueError, match="does not say which lines it counts"):
        counted_condition(query, "lines", ["a", "b", "c"])


@pytest.mark.parametrize("condition", ["a IN (SELECT 1)", "sum(a) > 1", "d > 1", "random() > a"])
def test_the_condition_of_a_line_is_a_scalar_expression_over_its_columns(condition: str) -> None:
    with pytest.raises(ValueError, match=r"scalar|not a column|another value"):
        counted_condition(f"SELECT COUNT(*) FROM lines WHERE {condition}", "lines", ["a", "b"])
