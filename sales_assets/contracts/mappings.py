"""The mappings of a contract, checked field by field.

Belongs here: what a property of `revenue` may say. Does not: the columns that they are from
(`fields`), or whether DuckDB understands an expression (`bind`).
"""

from __future__ import annotations

from collections.abc import Sequence

from open_data_contract_standard.model import SchemaObject, SchemaProperty

from sales_assets.contracts.canonical import (
    MAPPED_COLUMNS,
    RESERVED_NAMES,
    CanonicalColumn,
)
from sales_assets.contracts.expressions import scalar_expression
from sales_assets.contracts.fields import NOT_ENFORCED, refuse_idle_words
from sales_assets.contracts.logical import LogicalType
from sales_assets.contracts.model import Column, Mapping
from sales_assets.contracts.problems import Problems

_OF_LINES = {
    "unique": "say it of a column of schema.lines",
    "primaryKey": "say it of a column of schema.lines",
    "customProperties": "move them to schema.lines",
    "classification": "say it of a column of schema.lines",
}
"""Words that hold for the columns of the drop only."""


def read_mappings(
    problems: Problems,
    revenue: SchemaObject | None,
    columns: Sequence[Column],
    of_references: Sequence[str] = (),
) -> tuple[Mapping, ...]:
    """The canonical columns and the expressions that fill them."""
    if revenue is None:
        return ()
    names = [column.name for column in columns]
    canonical = {column.name: column for column in MAPPED_COLUMNS}
    mappings: dict[str, Mapping] = {}
    for entry in revenue.properties or []:
        where = f"schema.{revenue.name}.{entry.name}"
        if entry.name not in canonical:
            problems.add(where, "is no canonical column", f"use one of {', '.join(canonical)}")
            continue
        if entry.name in mappings:
            problems.add(where, "is there twice", "give it once")
        mapping = _mapping(problems, where, entry, canonical[entry.name], [*names, *of_references])
        if mapping is not None:
            mappings[mapping.name] = mapping
    for column in MAPPED_COLUMNS:
        if column.required and column.name not in mappings:
            problems.add(
                f"schema.{revenue.name}.{column.name}",
                "is missing",
                f"map it: {column.description}",
            )
    cut = {c.name for c in columns if c.type is LogicalType.TIMESTAMP} & {"order_date"}
    direct = {m.name for m in mappings.values() if m.direct and m.sources == (m.name,)} - cut
    for name in names:
        if name in RESERVED_NAMES and name not in direct:
            problems.add(
                f"schema.lines.{name}.name",
                f"the staged file has a canonical column '{name}' with another meaning",
                f"name it otherwise, like csv_{name}, and keep the header in physicalName",
            )
    return tuple(mappings[name] for name in canonical if name in mappings)


def _mapping(
    problems: Problems,
    where: str,
    entry: SchemaProperty,
    column: CanonicalColumn,
    names: Sequence[str],
) -> Mapping | None:
    refuse_idle_words(problems, where, entry, {**NOT_ENFORCED, **_OF_LINES})
    for word in ("enum", "logicalTypeOptions", "quality"):
        if getattr(entry, word):
            problems.add(f"{where}.{word}", "is not enforced", "move it to schema.lines")
    if entry.required and not column.required:
        problems.add(f"{where}.required", "is not enforced", "require the columns that it is from")
    if (entry.logicalType or "string") != column.type:
        problems.add(
            f"{where}.logicalType",
            f"is '{entry.logicalType}'",
            f"{column.name} is of type {column.type}",
        )
    if not entry.transformLogic:
        problems.add(f"{where}.transformLogic", "is missing", "say how the column is computed")
        return None
    try:
        expression, used = scalar_expression(entry.transformLogic, names)
    except ValueError as error:
        problems.add(f"{where}.transformLogic", str(error), "")
        return None
    return Mapping(column.name, expression, used, entry.transformDescription or "")
