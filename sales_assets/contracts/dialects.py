"""How a contract says that files and numbers are written: custom properties, checked.

Belongs here: reading these words, and which columns have which. Does not: what each means
(`words`), columns themselves (`fields`), or what is made of them (`lines`, `text`, `numbers`).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any

from open_data_contract_standard.model import SchemaObject, Server

from sales_assets.contracts.logical import LogicalType, scale_of
from sales_assets.contracts.model import WHITESPACE, Dialect, NumberFormat
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.words import FILE_WORDS, REFERENCE_WORDS

SERVER = "servers[0].customProperties"
NUMERIC = frozenset({LogicalType.INTEGER, LogicalType.NUMBER})
NUMBER_DEFAULTS = frozenset({"decimalChar", "groupChar"})
"""Properties of the file that hold for all of its columns of numbers."""
_NUMBER = {"decimalChar", "groupChar", "currencySymbols", "accounting"}
COLUMN_PROPERTIES: dict[LogicalType, set[str]] = {
    LogicalType.STRING: set(),
    LogicalType.INTEGER: _NUMBER,
    LogicalType.NUMBER: _NUMBER | {"percent", "minorUnits"},
    LogicalType.BOOLEAN: {"trueValues", "falseValues"},
    LogicalType.DATE: {"formats"},
    LogicalType.TIME: {"formats"},
    LogicalType.TIMESTAMP: {"formats"},
}
_MOST_MINOR_UNITS = 6
_STATEFUL = ("iso2022", "hz", "utf-7", "utf-32", "punycode", "idna", "unicode", "raw-unicode")
"""Encodings in which a sign depends on those before it, or that no editor shows as text."""


def read_dialect(problems: Problems, server: Server | None) -> tuple[Dialect, dict[str, Any]]:
    """The layout of the files, and what it says of all numbers in them."""
    if server is None:
        return Dialect(), {}
    values = problems.properties(SERVER, server.customProperties, set(FILE_WORDS))
    return _dialect(problems, values, server.encoding or "UTF-8")


def read_own_dialect(
    problems: Problems, entry: SchemaObject, default: tuple[Dialect, dict[str, Any]]
) -> tuple[Dialect, dict[str, Any]]:
    """The layout of a reference's file, by its own words (with `encoding`), or else the drops'."""
    if not entry.customProperties:
        return default
    where, own = f"schema.{entry.name}.customProperties", Problems()
    values = problems.properties(where, entry.customProperties, set(REFERENCE_WORDS))
    found = _dialect(own, values, str(values.get("encoding", "UTF-8")))
    problems.found += [
        text.replace(SERVER, where).replace("servers[0]", where) for text in own.found
    ]
    return found


def _dialect(
    problems: Problems, values: Mapping[str, Any], encoding: str
) -> tuple[Dialect, dict[str, Any]]:
    delimiter, quote = values.get("delimiter", ","), values.get("quoteChar", '"')
    for name, value, others in (
        ("delimiter", delimiter, {WHITESPACE}),
        ("quoteChar", quote, {""}),
        ("commentChar", values.get("commentChar", ""), {""}),
    ):
        if value not in others and not _is_sign(value):
            told = f" or {next(iter(others)) or 'an empty text'}"
            problems.add(f"{SERVER}.{name}", f"is {value!r}", f"give one ASCII sign{told}")
    if delimiter == quote:
        problems.add(
            f"{SERVER}.quoteChar", f"is the delimiter {quote!r} too", "give two characters"
        )
    missing = read_texts(problems, SERVER, values, "missingValues")
    for text in missing:
        if any(sign and str(sign) in text for sign in (delimiter, quote, "\n", "\r")):
            problems.add(
                f"{SERVER}.missingValues",
                f"has {text!r}, with a delimiter, a quote or a line end in it",
                "give the texts as they are inside of a field",
            )
    dialect = Dialect(
        delimiter=str(delimiter),
        quote_char=str(quote),
        encoding=_encoding(problems, encoding),
        missing_values=tuple(dict.fromkeys(["", *missing])),
        quoted_newlines=_flag(problems, SERVER, values, "quotedNewlines"),
        header=_flag(problems, SERVER, values, "header", default=True),
        header_row=_header_row(problems, values),
        header_search=values.get("headerRows") == "search",
        comment_rows=_rows(problems, values, "commentRows"),
        comment_char=str(values.get("commentChar", "")),
        footer=_footer(problems, values),
    )
    if not dialect.header and "headerRows" in values:
        problems.add(f"{SERVER}.headerRows", "is there without a header", "leave it out")
    return dialect, {name: values[name] for name in NUMBER_DEFAULTS & values.keys()}


def read_number(
    problems: Problems, where: str, values: Mapping[str, Any], sql_type: str
) -> NumberFormat:
    """How a column's numbers are written; `values` has the file's defaults and its own words."""
    decimal, group = values.get("decimalChar", "."), values.get("groupChar", "")
    for name, value, others in (("decimalChar", decimal, set()), ("groupChar", group, {""})):
        if value not in others and (not _is_sign(value) or value in "+-()%"):
            problems.add(f"{where}.{name}", f"is {value!r}", "give one sign, such as , or .")
    if decimal == group:
        problems.add(f"{where}.groupChar", f"is {group!r} like decimalChar", "give two signs")
    symbols = read_texts(problems, where, values, "currencySymbols")
    for symbol in symbols:
        # A sign that stands in numbers would be taken out of them.
        is_sign = not re.sub(r"[\s.,'\u2019]", "", symbol)
        if is_sign or symbol != symbol.strip() or re.search(r"[0-9+()%-]", symbol):
            problems.add(f"{where}.currencySymbols", f"has {symbol!r}", "give texts like $ or EUR")
    percent = _flag(problems, where, values, "percent")
    places = values.get("minorUnits", 0)
    if isinstance(places, bool) or places not in range(_MOST_MINOR_UNITS + 1):
        problems.add(
            f"{where}.minorUnits", f"is {places!r}", f"give 0 to {_MOST_MINOR_UNITS}, like 2"
        )
        places = 0
    if percent and (symbols or places or values.get("accounting")):
        problems.add(f"{where}.percent", "goes with no other property of money", "keep one")
    scaled = places + (2 if percent else 0)
    if scaled and sql_type.startswith("DECIMAL"):
        width = int(sql_type.partition("(")[2].partition(",")[0])
        if scale_of(sql_type) < scaled or width + scaled >= 38:
            problems.add(
                where,
                f"{sql_type} has no room for {scaled} more decimals",
                f"give physicalType DECIMAL(18,{max(scaled, 4)}) or the like",
            )
    return NumberFormat(
        decimal_char=str(decimal),
        group_char=str(group),
        symbols=symbols,
        accounting=_flag(problems, where, values, "accounting"),
        percent=percent,
        minor_units=places,
    )


def read_texts(
    problems: Problems, where: str, values: Mapping[str, Any], name: str
) -> tuple[str, ...]:
    """A list of texts; empty if the property is not there."""
    found = values.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        problems.add(f"{where}.{name}", f"is {found!r}", "give a list of texts")
        return ()
    return tuple(dict.fromkeys(found))


def _is_sign(value: Any) -> bool:
    is_one = isinstance(value, str) and len(value.encode()) == 1
    return is_one and not value.isalnum() and value not in "\r\n\0"


def _flag(
    problems: Problems, where: str, values: Mapping[str, Any], name: str, *, default: bool = False
) -> bool:
    value = values.get(name, default)
    if not isinstance(value, bool):
        problems.add(f"{where}.{name}", f"is {value!r}", "give true or false")
    return bool(value)


def _encoding(problems: Problems, name: str) -> str:
    """Python's name of an encoding whose lines can be told apart once it is decoded."""
    try:
        found = codecs.lookup(name)
        sample = 'Az09,;|\t"\n'
        is_sound = found._is_text_encoding and not found.name.startswith(_STATEFUL)
        if not is_sound or sample.encode(found.name).decode(found.name) != sample:
            raise LookupError
    except (LookupError, UnicodeError):
        problems.add(
            "servers[0].encoding", f"'{name}' is not read", "use UTF-8, UTF-16, windows-1252, ..."
        )
        return "utf-8"
    return "utf-8" if found.name in {"ascii", "utf-8-sig"} else found.name


def _header_row(problems: Problems, values: Mapping[str, Any]) -> int | None:
    if values.get("headerRows") == "search":
        return None
    rows = _rows(problems, values, "headerRows")
    if len(rows) > 1:
        problems.add(f"{SERVER}.headerRows", f"has {len(rows)} rows", "give one, like [4]")
    return rows[0] if rows else None


def _rows(problems: Problems, values: Mapping[str, Any], name: str) -> tuple[int, ...]:
    rows = values.get(name, [])
    if not isinstance(rows, list) or not all(type(row) is int and row > 0 for row in rows):
        problems.add(f"{SERVER}.{name}", f"is {rows!r}", "give line numbers, like [1, 2]")
        return ()
    return tuple(sorted(set(rows)))


def _footer(problems: Problems, values: Mapping[str, Any]) -> str | None:
    footer = values.get("footer")
    try:
        if footer is not None and re.compile(str(footer)).match(""):
            problems.add(f"{SERVER}.footer", "matches every line", "describe the footer's lines")
    except re.error as error:
        problems.add(f"{SERVER}.footer", f"'{footer}': {error}", "use Python's syntax")
    return None if footer is None else str(footer)
