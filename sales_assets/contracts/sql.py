"""The SQL of one column: how its text becomes a value, and when the value is wrong.

Belongs here: DuckDB expressions for a column. Does not: how numbers are written (`numbers`), the
query over whole lines (`judging`), or running it (`staging`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sales_assets.contracts.formats import exchanged, has_offset, strptime_format, text_pattern
from sales_assets.contracts.logical import LogicalType, scale_of
from sales_assets.contracts.model import Column, NumberFormat
from sales_assets.contracts.numbers import written_number
from sales_assets.contracts.quoting import literal, quoted

PARSER_VERSION = "5"
"""Part of every contract's digest: raise it when the same text would become another row."""


def text_column(column: Column) -> str:
    """The quoted name under which the text of a column is read."""
    return quoted(f"{column.name}__text")


@dataclass(frozen=True)
class Rule:
    """A condition under which a line is wrong, and the reason as an SQL string."""

    broken: str
    reason: str


def written_column(column: Column) -> str | None:
    """A select item with the number as SQL writes it, if the column's numbers are not so."""
    if column.number.is_plain:
        return None
    return f"{written_number(text_column(column), column.number)} AS {_written(column)}"


def cast_column(column: Column) -> str | None:
    """A select item with DuckDB's own cast of the text, for `parsed` to judge, if it needs one."""
    if column.type in {LogicalType.INTEGER, LogicalType.NUMBER}:
        return f"TRY_CAST({_written(column)} AS {_written_type(column)}) AS {_cast(column)}"
    if _is_as_duckdb_writes(column):
        return f"TRY_CAST({text_column(column)} AS {column.sql_type}) AS {_cast(column)}"
    return None


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
            text = _written(column)
            same, pattern = f"CAST({value} AS VARCHAR) = {text}", "[+-]?[0-9]+"
        case LogicalType.NUMBER:
            text = _written(column)
            same = f"starts_with(CAST({value} AS VARCHAR), {text})"
            pattern = f"[+-]?[0-9]+([.][0-9]{{0,{_written_scale(column)}}}0*)?"
        case LogicalType.BOOLEAN:
            return _boolean(column)
        case _:
            return _moment(column)
    number = (
        f"CASE WHEN {same} THEN {value} "
        f"WHEN regexp_full_match({text}, {literal(pattern)}) THEN {value} END"
    )
    if places := _places(column):
        unit = f"CAST('{Decimal(1).scaleb(-places):f}' AS DECIMAL({places + 1},{places}))"
        return f"CAST(({number}) * {unit} AS {column.sql_type})"
    return number


def _places(column: Column) -> int:
    """By how many decimal places the number that is written is too large."""
    return column.number.minor_units + (2 if column.number.percent else 0)


def _written_scale(column: Column) -> int:
    """The decimals that the number may be written with, to fit the column's type exactly."""
    return scale_of(column.sql_type) - _places(column)


def _written_type(column: Column) -> str:
    if not _places(column):
        return column.sql_type
    width = column.sql_type.partition("(")[2].partition(",")[0]
    return f"DECIMAL({width},{_written_scale(column)})"


def _written(column: Column) -> str:
    return text_column(column) if column.number.is_plain else quoted(f"{column.name}__written")


def _cast(column: Column) -> str:
    return quoted(f"{column.name}__cast")


def _boolean(column: Column) -> str:
    text = text_column(column)
    if not column.true_values and not column.false_values:
        return f"CASE lower({text}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    yes, no = (
        ", ".join(map(literal, values)) for values in (column.true_values, column.false_values)
    )
    return f"CASE WHEN {text} IN ({yes}) THEN true WHEN {text} IN ({no}) THEN false END"


def _is_as_duckdb_writes(column: Column) -> bool:
    return bool(column.formats) and (column.type, column.formats[0]) in _AS_DUCKDB_WRITES


def _moment(column: Column) -> str:
    values = [_in_utc(column, jdk, number) for number, jdk in enumerate(column.formats)]
    value = values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"
    return f"CAST({value} AS {column.sql_type})"


def _in_utc(column: Column, jdk: str, number: int) -> str:
    """The moment that a text of one format says, without a time zone; NULL for other texts."""
    text = text_column(column)
    if number == 0 and _is_as_duckdb_writes(column):
        # The length refuses 'infinity' and years that do not have four digits.
        same = f"strlen({text}) = {len(jdk)} AND CAST({_cast(column)} AS VARCHAR) = {text}"
        value = f"CASE WHEN {same} THEN {_cast(column)} END"
    else:
        value = _strptime(text, jdk)
    if column.type is LogicalType.TIMESTAMP and not has_offset(jdk) and column.time_zone != "UTC":
        return f"timezone('UTC', timezone({literal(column.time_zone)}, {value}))"
    return value


def _strptime(text: str, jdk: str) -> str:
    # strptime takes blanks around a value, and 1 for 01; the pattern refuses them.
    plain = f"regexp_replace({text}, 'Z$', '+00')" if has_offset(jdk) else text
    value = f"try_strptime({plain}, {literal(strptime_format(jdk))})"
    value = f"timezone('UTC', {value})" if has_offset(jdk) else value
    return f"CASE WHEN regexp_full_match({text}, {literal(text_pattern(jdk))}) THEN {value} END"


_AS_DUCKDB_WRITES = {
    (LogicalType.DATE, "yyyy-MM-dd"),
    (LogicalType.TIMESTAMP, "yyyy-MM-dd HH:mm:ss"),
}


def contradiction(column: Column) -> str | None:
    """Whether a text fits only with day and month exchanged; None if it cannot.

    Such a text proves that the contract states the wrong order, and that other dates of the same
    file were taken wrongly without a sign.
    """
    other = [jdk for jdk in map(exchanged, column.formats) if jdk is not None]
    if not other:
        return None
    text = text_column(column)
    fits = " OR ".join(f"{_strptime(text, jdk)} IS NOT NULL" for jdk in other)
    return f"CASE WHEN {quoted(column.name)} IS NULL AND {text} IS NOT NULL THEN {fits} END"


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


def _shown(char: str) -> str:
    """A character between numbers; of a reason the report cuts what is between quote and quote."""
    return "a blank" if char.isspace() else f"'{char}'"


def _manner(number: NumberFormat) -> str:
    """How a number has to be written, if not as in SQL."""
    manner = [
        f"decimal '{number.decimal_char}'" if number.decimal_char != "." else "",
        f"groups of three with {_shown(number.group_char)}" if number.group_char else "",
        f"{' or '.join(number.symbols)} before or behind it" if number.symbols else "",
        "% behind it" if number.percent else "",
    ]
    return "".join(f", {words}" for words in manner if words)


def _kind(column: Column) -> str:
    if column.type is LogicalType.NUMBER:
        return f"number with at most {_written_scale(column)} decimals{_manner(column.number)}"
    forms = " or ".join(column.formats)
    return f"{column.type} of the form {forms}" if forms else str(column.type)
