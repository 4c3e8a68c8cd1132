"""SQL that a contract's author writes: parsed, checked and refused if it can do more.

Belongs here: what is allowed in `transformLogic` (a deterministic scalar expression over the
columns of the source and its references) and in a `quality` query (one SELECT). Does not: building
statements (`sql`).
"""

from __future__ import annotations

from collections.abc import Collection

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_NOT_SCALAR = (
    exp.Query,
    exp.AggFunc,
    exp.Window,
    exp.Star,
    exp.Placeholder,
    exp.Parameter,
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Unnest,
)
_NOT_REPEATABLE = frozenset(
    {
        "ago",
        "current_catalog",
        "current_connection_id",
        "current_database",
        "current_date",
        "current_datetime",
        "current_localtime",
        "current_localtimestamp",
        "current_query",
        "current_query_id",
        "current_role",
        "current_schema",
        "current_schemas",
        "current_setting",
        "current_time",
        "current_timestamp",
        "current_transaction_id",
        "current_user",
        "currval",
        "error",
        "gen_random_uuid",
        "get_current_time",
        "get_current_timestamp",
        "getenv",
        "getvariable",
        "in_search_path",
        "localtime",
        "localtimestamp",
        "nextval",
        "now",
        "pg_conf_load_time",
        "pg_postmaster_start_time",
        "pg_sleep",
        "rand",
        "random",
        "session_user",
        "setseed",
        "setval",
        "sleep_ms",
        "stats",
        "today",
        "transaction_timestamp",
        "txid_current",
        "user",
        "uuid",
        "uuidv4",
        "uuidv7",
        "vector_type",
        "write_log",
    }
)
"""DuckDB's functions of the clock, of chance, of the session, and with side effects."""


def scalar_expression(text: str, columns: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """Check one `transformLogic`; return its normalised SQL and the columns that it reads.

    Raises ValueError that says what is not allowed and what is.
    """
    try:
        # Behind SELECT, so that no other statement is one.
        parsed = sqlglot.parse(f"SELECT {text}", dialect="duckdb")
    except SqlglotError as error:
        told = _first_line(error).partition(". Line")[0]
        raise ValueError(f"not an SQL expression: {told}") from error
    select = parsed[0]
    if (
        len(parsed) != 1
        or not isinstance(select, exp.Select)
        or {word for word, value in select.args.items() if value} != {"expressions"}
        or len(select.expressions) != 1
    ):
        raise ValueError("has to be one SQL expression, of one value")
    tree = select.expressions[0]
    if isinstance(tree, exp.Alias):
        raise ValueError("has to be an expression without a name (no AS)")
    for node in tree.walk():
        if isinstance(node, _NOT_SCALAR):
            raise ValueError(
                f"'{node.sql(dialect='duckdb')}' is not a scalar expression; "
                "sub-queries, aggregates and windows are not allowed"
            )
        if isinstance(node, exp.Func) and not _is_repeatable(node):
            raise ValueError(
                f"'{node.sql(dialect='duckdb')}' may give another value at another time; "
                "a rerun has to give the same row"
            )
    used: list[str] = []
    for column in list(tree.find_all(exp.Column)):
        name = f"{column.table}.{column.name}"
        if column.table and name in columns and not column.db:
            # A reference's column: one name, as the joined lines have it.
            column.set("table", None)
            column.set("this", exp.to_identifier(name, quoted=True))
        elif column.table:
            raise ValueError(f"'{column.sql(dialect='duckdb')}': name the column without a table")
        if column.name not in columns:
            raise ValueError(
                f"'{column.name}' is not a column of the drop; it has {', '.join(columns)}"
            )
        if column.name not in used:
            used.append(column.name)
    return tree.sql(dialect="duckdb", identify=True, comments=False), tuple(used)


def _is_repeatable(function: exp.Func) -> bool:
    name = function.sql(dialect="duckdb").partition("(")[0].lower()
    if name == "age" and len(function.expressions) == 1:
        return False  # the age today
    return name not in _NOT_REPEATABLE and function.name.lower() not in _NOT_REPEATABLE


def single_select(text: str, table: str) -> str:
    """Check one quality query: one SELECT of one value that reads only `table`.

    `${object}` and `${table}` in the text stand for the table, as in the standard's examples.
    Raises ValueError that says what is not allowed.
    """
    text = text.replace("${object}", table).replace("${table}", table)
    try:
        parsed = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        raise ValueError(f"not an SQL query: {_first_line(error)}") from error
    if len(parsed) != 1 or not isinstance(parsed[0], exp.Select):
        raise ValueError("has to be one SELECT")
    tree = parsed[0]
    if len(tree.expressions) != 1:
        raise ValueError("has to return one value")
    names = {cte.alias for cte in tree.find_all(exp.CTE)} | {table}
    for found in tree.find_all(exp.Table):
        if found.name not in names or found.db or isinstance(found.this, exp.Func):
            raise ValueError(f"'{found.sql(dialect='duckdb')}' cannot be read here, only {table}")
    return tree.sql(dialect="duckdb", comments=False)


def counted_condition(
    text: str, table: str, columns: Collection[str]
) -> tuple[str, tuple[str, ...]]:
    """The condition of a query that counts lines, and the columns that it reads.

    Only `SELECT COUNT(*) FROM table WHERE condition` says which lines it counts; the condition is
    a scalar expression. Raises ValueError that says what is not allowed.
    """
    query = single_select(text, table)
    select = sqlglot.parse_one(query, dialect="duckdb")
    used = {word.rstrip("_") for word, value in select.args.items() if value}
    source = select.find(exp.From)
    counted = select.expressions[0] if select.expressions else None
    if (
        used != {"expressions", "from", "where"}
        or not isinstance(counted, exp.Count)
        or not isinstance(counted.this, exp.Star)
        or source is None
        or not isinstance(source.this, exp.Table)
    ):
        raise ValueError("does not say which lines it counts")
    condition = select.args["where"].this
    for column in condition.find_all(exp.Column):
        if column.table == table:
            column.set("table", None)
    return scalar_expression(condition.sql(dialect="duckdb"), columns)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
