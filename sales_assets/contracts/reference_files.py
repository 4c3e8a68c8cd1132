"""The file of a reference: read and judged as drops are, and refused whole if a line is wrong.

Belongs here: how a reference's file is described to the reader, and what is wrong with its lines.
Does not: what a contract says of references (`references`), joining lines with them (`judging`),
or running the queries (`staging`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sales_assets.contracts.days import DayFromColumn
from sales_assets.contracts.judging import ruled_steps
from sales_assets.contracts.model import Reference, SourceContract
from sales_assets.contracts.quoting import literal, quoted
from sales_assets.errors import RefusedDropError

SHOWN = 3
"""Lines that the refusal of a file shows."""


def reading(contract: SourceContract, reference: Reference) -> SourceContract:
    """The contract of a reference's file: its columns, rules and layout, and no revenue."""
    return replace(
        contract,
        path=reference.path,
        dialect=reference.dialect,
        columns=reference.columns,
        mappings=(),
        day=DayFromColumn(reference.key),
        quality=(),
        line_rules=reference.line_rules,
        rejected_limits=(),
        keys=reference.keys,
        across_days=None,
        references=(),
        reference=reference,
    )


def reference_query(read: SourceContract, lines: str, files: str) -> str:
    """The typed columns of a reference's lines, with `file`, `line`, `reasons` and `exchanged`."""
    columns = ", ".join(quoted(column.name) for column in read.columns)
    return (
        f"WITH {ruled_steps(read, lines, files, day='NULL')}\n)\n"
        f"SELECT {columns}, file, line, column_reasons AS reasons, exchanged FROM ruled"
    )


def wrong_query(read: SourceContract, lines: str) -> str:
    """What is wrong with the lines of `reference_query`: file, line, reason; the first ones."""
    found = [
        f"SELECT file, line, array_to_string(reasons, '; ') AS reason FROM {lines} "
        "WHERE reasons IS NOT NULL",
        f"SELECT file, line, 'day and month are exchanged in ' || exchanged FROM {lines} "
        "WHERE exchanged IS NOT NULL",
    ]
    for key in read.keys:
        values = [quoted(name) for name in key]
        there = " AND ".join(f"{value} IS NOT NULL" for value in values)
        told = literal(f"{', '.join(key)}: the same as in line ")
        by = f"(PARTITION BY {', '.join(values)} ORDER BY file, line)"
        found.append(
            f"SELECT file, line, {told} || first_line || ' of ' || first_file FROM ("
            f"SELECT file, line, row_number() OVER {by} AS place, first_value(line) OVER {by} AS "
            f"first_line, first_value(file) OVER {by} AS first_file FROM {lines} WHERE {there}) "
            "WHERE place > 1"
        )
    return f"{' UNION ALL '.join(found)} ORDER BY file, line, reason LIMIT {SHOWN}"


def refused(read: SourceContract, wrong: Sequence[tuple[str, int, str]]) -> RefusedDropError:
    """The refusal of a reference for what is wrong with its lines."""
    assert read.reference is not None
    told = "".join(f"\n  line {line}: {reason}" for _, line, reason in wrong)
    return RefusedDropError(
        wrong[0][0],
        f"is refused whole as the reference {read.reference.name} of {read.name}, whose days "
        f"wait: each of its lines has to be right. Correct the file, or {read.file.name}. First of "
        f"what is wrong:{told}",
    )
