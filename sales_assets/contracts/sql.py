"""The SQL of one column: how its text becomes a value, and when the value is wrong.

Belongs here: DuckDB expressions for a column, and how names and texts are quoted. Does not: the
query over whole lines (`judging`), or running it (`staging`). Names from contracts are
lower-case identifiers and always quoted; texts become quoted literals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sales_assets.contracts.formats import has_offset, strptime_format, text_pattern
from sales_assets.contracts.logical import LogicalType, scale_of
from sales_assets.contracts.model import Column

PARSER_VERSION = "3"
"""Part of every fingerprint: raise it when the same text would become another row."""


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def text_column(column: Column) -> str:
    """The quoted name under which the text of a column is read."""
    return quoted(f"{column.name}__text")


@dataclass(frozen=True)
class Rule:
    """A condition under which a line is wrong, and the reason as an SQL string."""

    broken: str
    reason: str


def cast_column(column: Column) -> str | None:
    """A select item with DuckDB's own cast of the text, for `parsed` to judge, if it needs one."""
    if not _is_cast(column):
        return None
    return f"TRY_CAST({text_column(column)} AS {column.sql_type}) AS {_cast(column)}"


def parsed(column: Column) -> str:
    """The typed value of a column's text; NULL where the text is blank or does not fit.

    DuckDB's casts take more than a contract allows: blanks, exponents, `1_000`, digits that it
    rounds away. A text that is how DuckDB itself writes the value is sound, and to compare costs
    less than a regular expression, which decides for the others.
    """
    text, value = text_column(column), _cast(column)
    match column.type:
        case LogicalType.STRING:
            return text
        case LogicalType.INTEGER:
            same, pattern = f"CAST({value} AS VARCHAR) = {text}", "[+-]?[0-9]+"
        case LogicalType.NUMBER:
            same = f"starts_with(CAST({value} AS VARCHAR), {text})"
            pattern = f"[+-]?[0-9]+([.][0-9]{{0,{scale_of(column.sql_type)}}}0*)?"
        case LogicalType.BOOLEAN:
            return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
        case _:
            return _moment(column)
    return (
        f"CASE WHEN {same} THEN {value} "
        f"WHEN regexp_full_match({text}, {literal(pattern)}) THEN {value} END"
    )


def _is_cast(column: Column) -> bool:
    return column.type in {LogicalType.INTEGER, LogicalType.NUMBER} or (
        (column.type, column.format) in _AS_DUCKDB_WRITES
    )


def _cast(column: Column) -> str:
    return quoted(f"{column.name}__cast")


def _moment(column: Column) -> str:
    text, jdk = text_column(column), column.format or ""
    if _is_cast(column):
        # The length refuses 'infinity' and years that do not have four digits.
        same = f"strlen({text}) = {len(jdk)} AND CAST({_cast(column)} AS VARCHAR) = {text}"
        value = f"CASE WHEN {same} THEN {_cast(column)} END"
    else:
        # strptime takes blanks around a value, and 1 for 01; the pattern refuses them.
        plain = f"regexp_replace({text}, 'Z$', '+00')" if has_offset(jdk) else text
        value = f"try_strptime({plain}, {literal(strptime_format(jdk))})"
        value = f"timezone('UTC', {value})" if has_offset(jdk) else value
        pattern = literal(text_pattern(jdk))
        value = f"CASE WHEN regexp_full_match({text}, {pattern}) THEN {value} END"
    if column.type is LogicalType.TIMESTAMP and column.time_zone != "UTC":
        value = f"timezone('UTC', timezone({literal(column.time_zone)}, {value}))"
    return f"CAST({value} AS {column.sql_type})"


_AS_DUCKDB_WRITES = {
    (LogicalType.DATE, "yyyy-MM-dd"),
    (LogicalType.TIMESTAMP, "yyyy-MM-dd HH:mm:ss"),
}


def column_rules(column: Column) -> Iterable[Rule]:
    """What can be wrong with a value of the column; see `Rule`."""
    name, text, value = column.name, text_column(column), quoted(column.name)
    shown = f"'{name}: ''' || {text} || '''"
    if column.required:
        yield Rule(f"{text} IS NULL", f"'{name}: is required and blank'")
    if column.type is not LogicalType.STRING:
        yield Rule(
            f"{value} IS NULL AND {text} IS NOT NULL",
            f"{shown}' || {literal(f' is no {_kind(column)}')}",
        )
    if column.enum:
        allowed = ", ".join(map(literal, column.enum))
        told = literal(f" is not one of {', '.join(column.enum)}")
        yield Rule(f"{text} NOT IN ({allowed})", f"{shown}' || {told}")
    if column.pattern is not None:
        yield Rule(
            f"NOT regexp_full_match({text}, {literal(column.pattern)})",
            f"{shown}' || {literal(f' does not match {column.pattern}')}",
        )
    bounds = (
        (column.minimum, "<", "is below"),
        (column.maximum, ">", "is above"),
        (column.exclusive_minimum, "<=", "is not above"),
        (column.exclusive_maximum, ">=", "is not below"),
    )
    for bound, operator, told in bounds:
        if bound is not None:
            limit = f"CAST({literal(bound)} AS {column.sql_type})"
            yield Rule(f"{value} {operator} {limit}", f"{shown} ' || {literal(f'{told} {bound}')}")
    for length, operator, told in (
        (column.min_length, "<", "is shorter than"),
        (column.max_length, ">", "is longer than"),
    ):
        if length is not None:
            yield Rule(f"length({text}) {operator} {length}", f"{shown} {told} {length}'")


def _kind(column: Column) -> str:
    if column.type is LogicalType.NUMBER:
        return f"number with at most {scale_of(column.sql_type)} decimals"
    return f"{column.type} of the form {column.format}" if column.format else str(column.type)
