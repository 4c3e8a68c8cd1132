"""What is unique: the keys of a contract's lines, and which lines repeat one.

Belongs here: reading the keys, and their SQL over judged lines. Does not: which day's line counts
where a key is there on several days (`resources.sql_keys`).
"""

from __future__ import annotations

from collections.abc import Sequence

from open_data_contract_standard.model import SchemaObject

from sales_assets.contracts.days import AcrossDays
from sales_assets.contracts.model import Column, SourceContract
from sales_assets.contracts.problems import Problems
from sales_assets.contracts.pseudonyms import pseudonym
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.contracts.words import LINES_WORDS

ACROSS_DAYS = "uniqueAcrossDays"
"""The custom property of `schema.lines` that says which day's line counts."""

LINE_KEY = "line_key"
"""The column of staged lines with their key's hash, where it is unique across days."""


def read_keys(
    problems: Problems, lines: SchemaObject | None, columns: Sequence[Column]
) -> tuple[tuple[str, ...], ...]:
    """What is unique: the primary key's columns together, and each column that is so by itself."""
    entries = (lines.properties if lines else None) or []
    known = {column.name: column for column in columns}
    primary = sorted(
        (entry for entry in entries if entry.primaryKey),
        key=lambda entry: entry.primaryKeyPosition or 0,
    )
    for entry in primary:
        if entry.name in known and not known[entry.name].required:
            problems.add(
                f"schema.{lines.name if lines else ''}.{entry.name}.primaryKey",
                "is of a column that may be blank",
                "add required: true",
            )
    keys = [tuple(entry.name or "" for entry in primary)] if primary else []
    keys += [(entry.name or "",) for entry in entries if entry.unique]
    return tuple(dict.fromkeys(keys))


def read_across_days(problems: Problems, lines: SchemaObject | None) -> AcrossDays | None:
    """Which day's line counts if the primary key is there on several days; None: all of them."""
    if lines is None:
        return None
    where = "schema.lines.customProperties"
    values = problems.properties(where, lines.customProperties, set(LINES_WORDS))
    if ACROSS_DAYS not in values:
        return None
    if not any(entry.primaryKey for entry in lines.properties or []):
        problems.add(
            f"{where}.{ACROSS_DAYS}",
            "says nothing without a primary key",
            "add primaryKey: true to the columns that make a line unique",
        )
    value = values[ACROSS_DAYS]
    if value not in list(AcrossDays):
        problems.add(f"{where}.{ACROSS_DAYS}", f"is {value!r}", f"use {' or '.join(AcrossDays)}")
        return None
    return AcrossDays(value)


def doubles_query(contract: SourceContract, judged: str) -> str:
    """The sound lines of a judged relation whose key an earlier line of their day has already.

    Each key is looked at by itself, among all sound lines; the first line of the first file, by
    name, counts. Result: file_no, line, reasons.
    """
    queries = [_doubles(contract, judged, key) for key in contract.keys]
    return (
        "SELECT file_no, line, list(reason ORDER BY number) AS reasons FROM ("
        + " UNION ALL ".join(
            f"SELECT *, {number} AS number FROM ({query})" for number, query in enumerate(queries)
        )
        + ") GROUP BY ALL"
    )


def _doubles(contract: SourceContract, judged: str, key: Sequence[str]) -> str:
    values = ["partition_date", *(quoted(_judged_name(contract, name)) for name in key)]
    sound = f"reasons IS NULL AND {' AND '.join(f'{value} IS NOT NULL' for value in values)}"
    told = literal(f"{', '.join(key)}: the same as in line ")
    by = f"(PARTITION BY {', '.join(values)} ORDER BY file, line)"
    # Keys that may be there twice are found by hashes alone, in little memory.
    return (
        f"SELECT file_no, line, {told} || first_line || ' of ' || first_file AS reason FROM ("
        f"SELECT file_no, line, first_value(line) OVER {by} AS first_line, "
        f"first_value(file) OVER {by} AS first_file, row_number() OVER {by} AS place "
        f"FROM {judged} WHERE {sound} AND hash({', '.join(values)}) IN ("
        f"SELECT hash({', '.join(values)}) AS h FROM {judged} WHERE {sound} "
        "GROUP BY h HAVING count(*) > 1)) WHERE place > 1"
    )


def line_key(contract: SourceContract) -> str:
    """The primary key of a judged line as a SHA-256: equal keys of one contract, equal hashes."""
    values = []
    for name in contract.keys[0]:
        judged = _judged_name(contract, name)
        value = f"CAST({quoted(judged)} AS VARCHAR)"
        is_clear = judged == name and contract.column(name) in contract.extra_columns
        values.append(pseudonym(value) if is_clear and contract.column(name).is_personal else value)
    return f"sha256(CAST(to_json([{', '.join(values)}]) AS VARCHAR))"


def _judged_name(contract: SourceContract, name: str) -> str:
    """Under which name the judged lines have a column of the drop."""
    if any(column.name == name for column in contract.extra_columns):
        return name
    return next(m.name for m in contract.mappings if m.direct and m.sources == (name,))
