"""The marts as one SQLite file, for the tools that people have.

Belongs here: how the file stores a mart, and what else is in it. Does not: reading the warehouse
(`assets.exports`), or what columns mean (`dictionary`).

SQLite knows no exact numbers with decimals. So each such column is there twice
(docs/decisions/0026): under its own name as a float, which every tool adds up, and at the end of
the row as `..._exact`, a text with all its digits. A date is a text like 2024-12-31 in a column
declared DATE, as SQLite's own date functions want it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import dagster as dg

from sales_assets.contracts.quoting import literal, quoted
from sales_assets.exports.dictionary import Entry
from sales_assets.exports.tables import Table, is_decimal

EXACT = "_exact"
_NUMBERS = (
    "A number with decimals is a float here: a sum is right to about 15 digits. The columns that "
    "end in _exact have all digits, as texts: add these up with decimal_sum of the sqlite3 shell, "
    "or with Python's decimal.Decimal."
)
_DECLARED = {"bigint": "INTEGER", "date": "DATE", "varchar": "TEXT"}
"""What SQLite calls the types that are not decimal."""


def sqlite_columns(table: Table) -> list[tuple[dg.TableColumn, str]]:
    """The columns that a mart has in SQLite, each with the mart's column that it holds."""
    plain = [
        (
            dg.TableColumn(
                column.name,
                "REAL" if is_decimal(column) else _DECLARED[column.type.lower()],
                description=column.description,
                constraints=column.constraints,
            ),
            column.name,
        )
        for column in table.columns
    ]
    exact = [
        (
            dg.TableColumn(
                f"{column.name}{EXACT}",
                "TEXT",
                description=f"{column.name} with all its digits, as a text.",
                constraints=column.constraints,
            ),
            column.name,
        )
        for column in table.columns
        if is_decimal(column)
    ]
    return [*plain, *exact]


def write_sqlite(
    file: Path,
    tables: Sequence[Table],
    parquet: Path,
    dictionary: Iterable[Entry],
    about: Mapping[str, str],
) -> dict[str, int]:
    """Write the file from the marts' Parquet files, which lie in a folder; give rows by table."""
    explained = [*dictionary, *_exact_entries(tables)]
    with closing(sqlite3.connect(file)) as connection:
        for table in tables:
            connection.execute(_described(table))
        _write_texts(connection, "data_dictionary", Entry._fields, explained)
    # Closed meanwhile: two SQLite libraries in one process do not see each other's locks.
    rows = _fill(file, tables, parquet)
    with closing(sqlite3.connect(file)) as connection:
        facts = {**about, "numbers": _NUMBERS, **_days(connection, tables)}
        _write_texts(connection, "about", ("name", "value"), facts.items())
    return rows


def _described(table: Table) -> str:
    """The statement that makes a mart's table, whose rows lie in the order of its key."""
    columns = [
        f"{quoted(one.name)} {one.type}{'' if one.constraints.nullable else ' NOT NULL'}"
        for one, _ in sqlite_columns(table)
    ]
    keys = f"PRIMARY KEY ({', '.join(map(quoted, table.keys))})"
    return f"CREATE TABLE {quoted(table.name)} ({', '.join([*columns, keys])}) WITHOUT ROWID"


def _fill(file: Path, tables: Sequence[Table], parquet: Path) -> dict[str, int]:
    """Hand the marts' rows from DuckDB to SQLite, without making Python's objects of them."""
    import adbc_driver_sqlite
    import duckdb
    from adbc_driver_manager import (
        INGEST_OPTION_MODE,
        INGEST_OPTION_MODE_APPEND,
        INGEST_OPTION_TARGET_TABLE,
        AdbcConnection,
        AdbcStatement,
    )

    def fill(table: Table) -> int:
        with AdbcStatement(connection) as statement:
            options = {
                INGEST_OPTION_TARGET_TABLE: table.name,
                INGEST_OPTION_MODE: INGEST_OPTION_MODE_APPEND,
            }
            statement.set_options(**options)
            rows = engine.sql(_rows(table, parquet / f"{table.name}.parquet"))
            statement.bind_stream(rows.__arrow_c_stream__())
            return int(statement.execute_update())

    with (
        duckdb.connect(config={"threads": 1}) as engine,
        adbc_driver_sqlite.connect(str(file)) as database,
        AdbcConnection(database) as connection,
    ):
        for setting in ("journal_mode", "synchronous"):  # nobody sees the file before it is whole
            with AdbcStatement(connection) as statement:
                statement.set_sql_query(f"PRAGMA {setting} = OFF")
                statement.execute_update()
        return {table.name: fill(table) for table in tables}


def _rows(table: Table, parquet: Path) -> str:
    """A mart's rows as SQLite stores them; DuckDB makes of a text the float that is nearest."""
    selected = [
        f"{quoted(of)}::VARCHAR{'::DOUBLE' if one.type == 'REAL' else ''} AS {quoted(one.name)}"
        if one.type in {"REAL", "DATE", "TEXT"}
        else quoted(of)
        for one, of in sqlite_columns(table)
    ]
    return f"SELECT {', '.join(selected)} FROM read_parquet({literal(str(parquet))})"


def _exact_entries(tables: Sequence[Table]) -> Iterator[Entry]:
    for table in tables:
        for column, of in sqlite_columns(table):
            if column.name != of:
                meaning = column.description or ""
                yield Entry(
                    table.name, column.name, "text", "", meaning, "", f"{table.name}.{of}", ""
                )


def _days(connection: sqlite3.Connection, tables: Sequence[Table]) -> dict[str, str]:
    """The order dates that the file reaches from and to; all marts by day have the same."""
    by_day = next(table.name for table in tables if "order_date" in table.keys)
    [(first, last)] = connection.execute(
        f"SELECT min(order_date), max(order_date) FROM {quoted(by_day)}"
    ).fetchall()
    return {"first_order_date": first or "", "last_order_date": last or ""}


def _write_texts(
    connection: sqlite3.Connection,
    table: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
) -> None:
    described = ", ".join(f"{quoted(name)} TEXT NOT NULL" for name in columns)
    marks = ", ".join("?" * len(columns))
    with connection:
        connection.execute(f"CREATE TABLE {quoted(table)} ({described})")
        connection.executemany(f"INSERT INTO {quoted(table)} VALUES ({marks})", rows)
