"""Whether DuckDB understands what a contract says: expressions, patterns, zones, queries.

Belongs here: binding them against empty tables, when the contract is loaded, so that nothing of
it fails on the first drop. Does not: what is allowed in them (`expressions`), or running them.

Money is never a float: an expression for a number has to be of a DECIMAL or an integer type.
DuckDB divides into DOUBLE, so a division has to say how it is rounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from sales_assets.contracts.canonical import MAPPED_COLUMNS, REVENUE_COLUMNS
from sales_assets.contracts.logical import MONEY_TYPE, LogicalType
from sales_assets.contracts.model import Column, LineRule, Mapping, Reference
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.quality import QualityRule
from sales_assets.contracts.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb

_WHOLE = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")}
_WHOLE |= {"INTEGER", "UINTEGER"}
_FLOATS = {"DOUBLE", "FLOAT"}
_DECIMAL = re.compile(r"DECIMAL\(\d+,\d+\)")
_MOMENT = re.compile(r"DATE|TIMESTAMP( WITH TIME ZONE|_\w+)?")


def check_bindings(
    problems: Problems,
    columns: Sequence[Column],
    mappings: Sequence[Mapping],
    quality: Sequence[QualityRule],
    line_rules: Sequence[LineRule] = (),
    references: Sequence[Reference] = (),
    table: str = "lines",
) -> None:
    """Note every expression, pattern, time zone and query that DuckDB would refuse.

    `table` is the object of the contract that has the columns and the rules of lines.
    """
    connection = engine().cursor()
    # Names that are wrong themselves are told elsewhere.
    types = {column.name.lower(): column.sql_type for column in columns if column.name}
    for reference in references:
        own = zip(reference.qualified, reference.columns, strict=True)
        types |= {name: column.sql_type for name, column in own}
    _make(connection, "lines", types.items())
    _make(connection, "revenue", [(column.name, column.sql_type) for column in REVENUE_COLUMNS])
    for column in columns:
        _check_column(problems, connection, f"schema.{table}.{column.name}", column)
    _check_mappings(problems, connection, mappings)
    for line_rule in line_rules:
        where = f"schema.{table}.quality.{line_rule.name}.query"
        _check_condition(problems, connection, where, line_rule)
    for index, rule in enumerate(quality):
        if rule.query is not None:
            _check_query(problems, connection, f"schema.revenue.quality[{index}].query", rule.query)


@cache
def engine() -> duckdb.DuckDBPyConnection:
    """One empty database for the whole process: to make one takes 20 ms of CPU.

    It reaches nothing outside: DuckDB would look for the extension of an unknown function.
    """
    import duckdb

    off = ("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access")
    return duckdb.connect(config={"threads": 1, **dict.fromkeys(off, False)})


def _make(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Iterable[tuple[str, str]]
) -> None:
    fields = ", ".join(f"{quoted(column)} {sql_type}" for column, sql_type in columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({fields or 'nothing INTEGER'})")


def _types(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """The types of a query's columns; duckdb.Error if DuckDB does not understand it."""
    return [str(row[1]) for row in connection.execute(f"DESCRIBE {query}").fetchall()]


def _check_column(
    problems: Problems, connection: duckdb.DuckDBPyConnection, where: str, column: Column
) -> None:
    import duckdb

    where = f"{where}.logicalTypeOptions"
    moment = "TIMESTAMP '2000-01-01 00:00:00'"
    for option, value, expression, fix in (
        (
            "pattern",
            column.pattern,
            f"regexp_full_match('', {literal(column.pattern or '')})",
            "use RE2's syntax, without look-around and back-references",
        ),
        (
            "defaultTimezone",
            None if column.time_zone == "UTC" else column.time_zone,
            f"timezone({literal(column.time_zone)}, {moment})",
            "use an IANA name",
        ),
    ):
        if value is not None:
            try:
                connection.execute(f"SELECT {expression}").fetchall()
            except duckdb.Error as error:
                problems.add(f"{where}.{option}", f"'{value}': {_said(error)}", fix)


def _check_mappings(
    problems: Problems, connection: duckdb.DuckDBPyConnection, mappings: Sequence[Mapping]
) -> None:
    import duckdb

    try:
        # All at once, for the usual case; one by one only to find the one that is wrong.
        found = _types(connection, _select(mappings)) if mappings else []
    except duckdb.Error:
        found = []
    logical = {column.name: column.type for column in MAPPED_COLUMNS}
    for index, mapping in enumerate(mappings):
        where = f"schema.revenue.{mapping.name}.transformLogic"
        try:
            types = (
                [found[index]]
                if len(found) == len(mappings)
                else _types(connection, _select([mapping]))
            )
        except duckdb.Error as error:
            problems.add(where, _said(error), "write it in DuckDB's SQL")
            continue
        if len(types) != 1:
            problems.add(where, f"gives {len(types)} values", "give one expression")
        elif not _fits(types[0], logical[mapping.name]):
            problems.add(where, f"is of type {types[0]}", _FIXES[logical[mapping.name]])


def _select(mappings: Sequence[Mapping]) -> str:
    # An aggregate, a window or an UNNEST cannot stand in WHERE, whatever its name.
    values = ", ".join(mapping.expression for mapping in mappings)
    conditions = " AND ".join(f"({mapping.expression}) IS NULL" for mapping in mappings)
    return f"SELECT {values} FROM lines WHERE {conditions}"


_FIXES = {
    LogicalType.NUMBER: (
        "money and quantities are DECIMAL or whole numbers, never float; state the rounding: "
        f"CAST(... AS {MONEY_TYPE})"
    ),
    LogicalType.INTEGER: "give a whole number: CAST(... AS BIGINT)",
    LogicalType.DATE: "give a date or a timestamp",
    LogicalType.TIMESTAMP: "give a date or a timestamp",
}


def _fits(sql_type: str, logical: LogicalType) -> bool:
    match logical:
        case LogicalType.NUMBER:
            return sql_type in _WHOLE or _DECIMAL.fullmatch(sql_type) is not None
        case LogicalType.INTEGER:
            return sql_type in _WHOLE
        case LogicalType.DATE | LogicalType.TIMESTAMP:
            return _MOMENT.fullmatch(sql_type) is not None
        case _:
            return True


def _check_condition(
    problems: Problems, connection: duckdb.DuckDBPyConnection, where: str, rule: LineRule
) -> None:
    import duckdb

    try:
        types = _types(connection, f"SELECT {rule.condition} FROM lines WHERE {rule.condition}")
    except duckdb.Error as error:
        problems.add(where, _said(error), "write the condition in DuckDB's SQL")
        return
    if types != ["BOOLEAN"]:
        problems.add(where, f"compares nothing: {', '.join(types)}", "give a condition")


def _check_query(
    problems: Problems, connection: duckdb.DuckDBPyConnection, where: str, query: str
) -> None:
    import duckdb

    try:
        types = _types(connection, query)
    except duckdb.Error as error:
        problems.add(where, _said(error), "write it in DuckDB's SQL over ${object}")
        return
    if len(types) != 1 or not (_fits(types[0], LogicalType.NUMBER) or types[0] in _FLOATS):
        problems.add(where, f"gives {', '.join(types)}", "give one number, such as COUNT(*)")


def _said(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
