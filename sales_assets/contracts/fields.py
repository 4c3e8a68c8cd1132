"""The columns of a contract, checked field by field.

Belongs here: what a property of `lines` or of a reference may say. Does not: those of `revenue`
(`mappings`), or the rest of the contract (`load`, `rules`). A word of the standard that nothing
would enforce is refused, not ignored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from open_data_contract_standard.model import SchemaObject, SchemaProperty

from sales_assets.contracts.dialects import (
    COLUMN_PROPERTIES,
    NUMERIC,
    read_number,
    read_texts,
)
from sales_assets.contracts.formats import exchanged, has_offset, text_pattern
from sales_assets.contracts.logical import SQL_TYPES, LogicalType, limit_of, scale_of
from sales_assets.contracts.model import Column, NumberFormat
from sales_assets.contracts.problems import Problems

_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC|NUMBER)\((\d+), ?(\d+)\)", re.IGNORECASE)
_FORMATS = {
    LogicalType.DATE: "yyyy-MM-dd",
    LogicalType.TIME: "HH:mm:ss",
    LogicalType.TIMESTAMP: "yyyy-MM-dd HH:mm:ss",
}
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
OPTIONS = {
    LogicalType.STRING: {"minLength", "maxLength", "pattern"},
    LogicalType.INTEGER: set(_BOUNDS),
    LogicalType.NUMBER: set(_BOUNDS),
    LogicalType.BOOLEAN: set[str](),
    LogicalType.DATE: {*_BOUNDS, "format"},
    LogicalType.TIME: {*_BOUNDS, "format"},
    LogicalType.TIMESTAMP: {*_BOUNDS, "format", "timezone", "defaultTimezone"},
}
"""Which options a column of each type may have."""
NOT_ENFORCED = {
    "partitioned": "say partitionDay in the contract's customProperties",
    "encryptedName": "leave it out: nothing is encrypted",
    "relationships": "say it of a column of schema.lines: only lines refer to other files",
    "properties": "leave them out: a CSV has no nested columns",
    "items": "leave them out: a CSV has no nested columns",
}
"""Words that claim something of a column which nothing here sees to."""
_OF_NO_REFERENCE = {word: fix for word, fix in NOT_ENFORCED.items() if word != "relationships"}


def read_columns(
    problems: Problems, lines: SchemaObject | None, defaults: MappingOf[str, Any]
) -> tuple[Column, ...]:
    """The columns of the drop, in the contract's order; `defaults` is what holds of all numbers."""
    if lines is None:
        return ()
    columns: list[Column] = []
    is_lines = lines.name == "lines"
    for index, entry in enumerate(lines.properties or []):
        name = problems.identifier(f"schema.{lines.name}.properties[{index}].name", entry.name)
        where = f"schema.{lines.name}.{name or index}"
        if name in {column.name for column in columns}:
            problems.add(f"{where}.name", "is there twice", "give each column its own name")
        header = name if entry.physicalName is None else entry.physicalName
        if header in {column.header for column in columns}:
            problems.add(f"{where}.physicalName", f"'{header}' is there twice", "keep one of them")
        refuse_idle_words(problems, where, entry, _OF_NO_REFERENCE if is_lines else NOT_ENFORCED)
        if entry.quality:
            problems.add(f"{where}.quality", "is not checked", f"move it to schema.{lines.name}")
        if entry.transformLogic:
            problems.add(f"{where}.transformLogic", "is not used", "move it to schema.revenue")
        columns.append(_column(problems, where, entry, name, header, defaults))
    if not columns:
        problems.add(f"schema.{lines.name}.properties", "is empty", "describe the file's columns")
    return tuple(columns)


def refuse_idle_words(
    problems: Problems,
    where: str,
    entry: SchemaProperty,
    words: MappingOf[str, str],
) -> None:
    """Report each of the words that a property says, with what to do instead."""
    for word, fix in words.items():
        if getattr(entry, word):
            problems.add(f"{where}.{word}", "is not enforced", fix)


def _column(
    problems: Problems,
    where: str,
    entry: SchemaProperty,
    name: str,
    header: str,
    defaults: MappingOf[str, Any],
) -> Column:
    try:
        logical = LogicalType(entry.logicalType or "string")
    except ValueError:
        problems.add(
            f"{where}.logicalType", f"is '{entry.logicalType}'", f"use {', '.join(LogicalType)}"
        )
        logical = LogicalType.STRING
    options = entry.logicalTypeOptions or {}
    for option in sorted(set(options) - OPTIONS[logical]):
        problems.add(
            f"{where}.logicalTypeOptions.{option}",
            f"is not enforced for {logical}",
            f"use {', '.join(sorted(OPTIONS[logical])) or 'none'}",
        )
    where_options = f"{where}.logicalTypeOptions"
    sql_type = _sql_type(problems, where, logical, entry.physicalType)
    own = problems.properties(
        f"{where}.customProperties", entry.customProperties, COLUMN_PROPERTIES[logical]
    )
    where_own = f"{where}.customProperties"
    further = read_texts(problems, where_own, own, "formats")
    formats = _formats(problems, where, logical, options, further)
    bounds = {
        bound: _bound(problems, f"{where_options}.{bound}", logical, sql_type, options[bound])
        for bound in _BOUNDS
        if bound in options
    }
    enum = [value.value for value in entry.enum or []]
    for value in enum:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            problems.add(f"{where}.enum", f"has {value!r}", "write the text of the file in quotes")
    return Column(
        name=name,
        header=header,
        type=logical,
        sql_type=sql_type,
        description=entry.description or "",
        required=bool(entry.required),
        formats=formats,
        number=read_number(problems, where_own, {**defaults, **own}, sql_type)
        if logical in NUMERIC
        else NumberFormat(),
        true_values=read_texts(problems, where_own, own, "trueValues"),
        false_values=read_texts(problems, where_own, own, "falseValues"),
        time_zone=_time_zone(problems, where_options, options, formats),
        enum=tuple(str(value) for value in enum),
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        exclusive_minimum=bounds.get("exclusiveMinimum"),
        exclusive_maximum=bounds.get("exclusiveMaximum"),
        pattern=options.get("pattern"),
        min_length=options.get("minLength"),
        max_length=options.get("maxLength"),
        classification=entry.classification,
    )


def _formats(
    problems: Problems,
    where: str,
    logical: LogicalType,
    options: dict[str, object],
    further: Sequence[str],
) -> tuple[str, ...]:
    """The formats of a date or time, the standard's own first, then those it may also have."""
    if logical not in _FORMATS:
        return ()
    formats = tuple(dict.fromkeys([str(options.get("format", _FORMATS[logical])), *further]))
    for number, jdk in enumerate(formats):
        field = "customProperties.formats" if number else "logicalTypeOptions.format"
        try:
            text_pattern(jdk)
        except ValueError as error:
            problems.add(f"{where}.{field}", str(error), "write it like yyyy-MM-dd HH:mm:ss")
            return (_FORMATS[logical],)
        if exchanged(jdk) in formats:
            problems.add(
                f"{where}.{field}",
                f"'{jdk}' and '{exchanged(jdk)}' take the same text for two days",
                "keep the one that the source means",
            )
    if options.get("timezone") and not all(map(has_offset, formats)):
        problems.add(
            f"{where}.logicalTypeOptions.timezone",
            f"is true, but format '{formats[0]}' has no offset",
            "add XXX to the format, or give defaultTimezone instead",
        )
    return formats


def _time_zone(
    problems: Problems, where: str, options: dict[str, object], formats: Sequence[str]
) -> str:
    zone = str(options.get("defaultTimezone", "UTC"))
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # 'Europe' is a directory
        problems.add(f"{where}.defaultTimezone", f"'{zone}' is unknown", "use an IANA name")
        return "UTC"
    if "defaultTimezone" in options and formats and all(map(has_offset, formats)):
        problems.add(
            f"{where}.defaultTimezone",
            f"is never used: format '{formats[0]}' says the offset",
            "leave it out",
        )
    return zone


def _bound(
    problems: Problems, where: str, logical: LogicalType, sql_type: str, value: object
) -> str:
    """A bound in its column's type, as text that DuckDB casts to exactly this value."""
    text = str(value)
    try:
        match logical:
            case LogicalType.INTEGER:
                if not -(2**63) <= int(text) < 2**63:
                    raise ValueError("too large")
                return str(int(text))
            case LogicalType.NUMBER:
                number = Decimal(text)
                if number != round(number, scale_of(sql_type)) or abs(number) >= limit_of(sql_type):
                    raise ValueError("too many digits")
                return f"{number:f}"
            case LogicalType.DATE:
                return date.fromisoformat(text).isoformat()
            case LogicalType.TIME:
                return time.fromisoformat(text).isoformat()
            case _:
                moment = datetime.fromisoformat(text)
                if moment.tzinfo is not None:
                    raise ValueError("bounds are in UTC")
                return moment.isoformat(sep=" ")
    except (ValueError, InvalidOperation, OverflowError):
        example = {
            LogicalType.INTEGER: "5",
            LogicalType.NUMBER: f"0.5, within {sql_type}",
            LogicalType.DATE: "2024-12-31",
            LogicalType.TIME: "23:59:59",
        }.get(logical, "2024-12-31 23:59:59, in UTC")
        problems.add(where, f"'{text}' is no {logical}", f"write it like {example}")
        return text


def _sql_type(problems: Problems, where: str, logical: LogicalType, physical: str | None) -> str:
    if logical is LogicalType.NUMBER and physical:
        match = _DECIMAL.fullmatch(physical)
        if match and 0 < int(match[1]) <= 38 and int(match[2]) <= int(match[1]):
            return f"DECIMAL({match[1]},{match[2]})"
        problems.add(f"{where}.physicalType", f"is '{physical}'", "use DECIMAL(18,4) or the like")
    return SQL_TYPES[logical]
